"""The JSON shapes of annotations, decisions and actions: as they are sent, changed and answered.

Does not keep them: see `notes_api`.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from dashboard.shapes import Shape
from schemas.notes import MAX_NAME, MAX_TEXT, ActionStatus, AnnotationKind, Course

EARLIEST = date(1971, 1, 1)
LATEST = date(2148, 12, 31)


def _printable(text: str) -> str:
    """Lines may be broken; other control characters would only confuse whoever shows the text."""
    if any(not character.isprintable() and character not in "\n\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), AfterValidator(_printable)
]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NAME), AfterValidator(_printable)]
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Budget = Annotated[Decimal, Field(ge=0, max_digits=22, decimal_places=4)]
Week = Annotated[str, StringConstraints(pattern=r"^\d{4}-W\d{2}$"), Field(examples=["2026-W47"])]


class NewAnnotation(Shape):
    """`day`: today when absent. Without `metric` and `board` it belongs to all of them."""

    text: Words
    day: Day | None = None
    kind: AnnotationKind = "field_note"
    metric: Name = ""
    board: Name = ""
    author: Name = ""


class NewDecision(Shape):
    """`week`: that of today when absent."""

    course: Course
    text: Words
    week: Week | None = None
    metric: Name = ""
    owner: Name = ""
    outcome: Remark = ""


class NewAction(Shape):
    """`week`: that of today when absent. `budget` in the workspace's currency."""

    text: Words
    week: Week | None = None
    metric: Name = ""
    owner: Name = ""
    due: Day | None = None
    expected_effect: Remark = ""
    budget: Budget | None = None
    status: ActionStatus = "open"


class AnnotationChange(Shape):
    """What is absent stays. `version`: refuse unless this is still the newest edition."""

    version: int | None = None
    text: Words | None = None
    day: Day | None = None
    kind: AnnotationKind | None = None
    metric: Name | None = None
    board: Name | None = None
    author: Name | None = None


class DecisionChange(Shape):
    """What is absent stays. `version`: refuse unless this is still the newest edition."""

    version: int | None = None
    course: Course | None = None
    text: Words | None = None
    metric: Name | None = None
    owner: Name | None = None
    outcome: Remark | None = None


class ActionChange(Shape):
    """What is absent stays; `due` and `budget` may become null."""

    version: int | None = None
    text: Words | None = None
    metric: Name | None = None
    owner: Name | None = None
    due: Day | None = None
    expected_effect: Remark | None = None
    budget: Budget | None = None
    status: ActionStatus | None = None


class AnnotationShown(Shape):
    id: str
    version: int
    written_at: str
    day: str
    kind: AnnotationKind
    text: str
    metric: str
    board: str
    author: str


class DecisionShown(Shape):
    id: str
    version: int
    written_at: str
    week: str
    course: Course
    text: str
    metric: str
    owner: str
    outcome: str


class ActionShown(Shape):
    """`closed_on`: the day on which it was done or dropped."""

    id: str
    version: int
    written_at: str
    week: str
    text: str
    metric: str
    owner: str
    due: str | None
    expected_effect: str
    budget: Decimal | None
    status: Literal["open", "done", "dropped"]
    closed_on: str | None


class Annotations(Shape):
    """Latest day first. `next_offset` is null on the last page."""

    annotations: list[AnnotationShown]
    next_offset: int | None


class Decisions(Shape):
    """Latest week first."""

    decisions: list[DecisionShown]
    next_offset: int | None


class Actions(Shape):
    """Latest week first."""

    actions: list[ActionShown]
    next_offset: int | None
