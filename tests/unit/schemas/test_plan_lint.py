"""The named rules of the plan lint."""

from dataclasses import replace

import pytest

from schemas.definitions import PlannedEvent, PlannedProperty, TrackingPlan
from schemas.plan_lint import lint_plan
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

GOOD = PlannedEvent("Project", "Created", "A project was created.", "product", "1.0")


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (replace(GOOD, verb="Create"), "verb-past-tense"),
        (replace(GOOD, verb="created"), "verb-past-tense"),
        (replace(GOOD, object="project"), "object-title-case"),
        (replace(GOOD, owner=""), "missing-owner"),
        (replace(GOOD, description=""), "missing-description"),
        (replace(GOOD, version="latest"), "bad-version"),
        (replace(GOOD, properties=(PlannedProperty("projectId", description="Id"),)), "property-snake-case"),
        (replace(GOOD, properties=(PlannedProperty("project_id"),)), "missing-description"),
        (
            replace(GOOD, properties=(PlannedProperty("mail", description="Address", personal_data="direct"),)),
            "hidden-personal-data",
        ),
    ],
)
def test_a_broken_rule_is_named(event: PlannedEvent, rule: str) -> None:
    """One finding per broken rule, by its name."""
    assert [finding.rule for finding in lint_plan(TrackingPlan("open", (event,), ""))] == [rule]


@pytest.mark.parametrize("verb", ["Viewed", "Sent", "Checked Out", "Signed Up", "Paid"])
def test_past_forms_pass(verb: str) -> None:
    """Regular, irregular, and verbs of two words."""
    verb_rule = [f for f in lint_plan(TrackingPlan("open", (replace(GOOD, verb=verb),), "")) if "verb" in f.rule]
    assert verb_rule == []


def test_retired_events_are_left_in_peace() -> None:
    """What is no longer sent needs no mending."""
    assert lint_plan(TrackingPlan("open", (replace(GOOD, owner="", status="retired"),), "")) == []


def test_the_default_plan_is_clean() -> None:
    """We keep our own rules."""
    assert lint_plan(load_workspace(DEFAULT_WORKSPACE).plan) == []
