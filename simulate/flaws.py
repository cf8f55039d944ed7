"""Deliberately broken messages, as a careless beta version of the app would send them.

Does not touch good messages: each broken one is extra and carries `BETA_CONTEXT`.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from simulate.envelope import Message, by, track
from simulate.people import Person

BETA_CONTEXT: Mapping[str, Any] = {
    "app": {"name": "Northwind", "version": "6.0-beta"},
    "library": {"name": "northwind-beta", "version": "0.9.0"},
}

_BROKEN: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Task Complete", {"task_id": "task-1"}),  # near miss: tense
    ("task completed", {"task_id": "task-1"}),  # near miss: case
    ("Project Archived", {"project_id": "project-1"}),  # unplanned
    ("Banner Dismissed", {}),  # unplanned
    ("Feature Used", {}),  # missing required
    ("Subscription Renewed", {"plan": "team"}),  # missing both mrr and amount + interval
    ("Survey Answered", {"kind": "nps", "score": "nine"}),  # wrong type
    ("Survey Answered", {"kind": "nps", "score": 11}),  # out of range
    ("Experiment Viewed", {"experiment": "onboarding", "variant": 2}),  # wrong type
)


def broken_message(random: Random, person: Person) -> Message:
    """One message that the plan flags or refuses."""
    event, properties = random.choice(_BROKEN)
    return by(track(event, properties, BETA_CONTEXT), person.devices[0].anonymous_id, person.user_id)
