"""Rules of style and ownership for a tracking plan; each has a name.

Does not find what makes a plan unusable: see `schemas.workspace`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.definitions import PlannedEvent, TrackingPlan

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TITLE_CASE = re.compile(r"[A-Z][A-Za-z0-9]*( [A-Z][A-Za-z0-9]*)*")
_VERSION = re.compile(r"\d+(\.\d+){0,2}")

IRREGULAR_PAST = frozenset(
    (
        *("Began", "Bought", "Broken", "Built", "Chosen", "Drawn", "Found", "Given", "Gone", "Held", "Hidden", "Kept"),
        *("Left", "Lost", "Made", "Met", "Paid", "Put", "Read", "Run", "Seen", "Sent", "Set", "Shown", "Shut", "Sold"),
        *("Spent", "Split", "Taken", "Told", "Understood", "Undone", "Unsent", "Withdrawn", "Won", "Written"),
    )
)
"""Past forms without -ed that event names use."""


@dataclass(frozen=True, slots=True, order=True)
class LintFinding:
    """A broken rule of one event; `subject` is the event or `event.property`."""

    subject: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.message} [{self.rule}]"


def lint_plan(plan: TrackingPlan) -> list[LintFinding]:
    """Every broken rule of every event that is in use."""
    in_use = [event for event in plan.events if event.status != "retired"]
    return sorted(finding for event in in_use for rule in RULES for finding in rule(event))


def _object_in_title_case(event: PlannedEvent) -> Iterator[LintFinding]:
    if _TITLE_CASE.fullmatch(event.object) is None:
        yield LintFinding(event.name, "object-title-case", f'write the object "{event.object}" in Title Case')


def _verb_in_past_tense(event: PlannedEvent) -> Iterator[LintFinding]:
    is_past = any(word.endswith("ed") or word in IRREGULAR_PAST for word in event.verb.split(" "))
    if not is_past or _TITLE_CASE.fullmatch(event.verb) is None:
        yield LintFinding(
            event.name, "verb-past-tense", f'write the verb "{event.verb}" in the past tense, like Viewed'
        )


def _properties_in_snake_case(event: PlannedEvent) -> Iterator[LintFinding]:
    for planned in event.properties:
        if _SNAKE_CASE.fullmatch(planned.name) is None:
            yield LintFinding(f"{event.name}.{planned.name}", "property-snake-case", "write the name in snake_case")


def _has_owner(event: PlannedEvent) -> Iterator[LintFinding]:
    if not event.owner:
        yield LintFinding(event.name, "missing-owner", "name an owner: without one nobody acts")


def _has_description(event: PlannedEvent) -> Iterator[LintFinding]:
    if not event.description:
        yield LintFinding(event.name, "missing-description", "say what happened, in one sentence")
    for planned in event.properties:
        if not planned.description:
            yield LintFinding(f"{event.name}.{planned.name}", "missing-description", "say what the property holds")


def _has_version(event: PlannedEvent) -> Iterator[LintFinding]:
    if _VERSION.fullmatch(event.version) is None:
        yield LintFinding(event.name, "bad-version", f'write the version like 1.0, not "{event.version}"')


def _covers_personal_data(event: PlannedEvent) -> Iterator[LintFinding]:
    """The class of an event is what a reader of the plan sees first; it must not hide that of a property."""
    classes = ("none", "indirect", "direct", "sensitive")
    for planned in event.properties:
        if planned.personal_data in classes[2:] and event.personal_data == "none":
            message = f"holds {planned.personal_data} personal data, but its event says none"
            yield LintFinding(f"{event.name}.{planned.name}", "hidden-personal-data", message)


RULES: tuple[Callable[[PlannedEvent], Iterator[LintFinding]], ...] = (
    _object_in_title_case,
    _verb_in_past_tense,
    _properties_in_snake_case,
    _has_owner,
    _has_description,
    _has_version,
    _covers_personal_data,
)
