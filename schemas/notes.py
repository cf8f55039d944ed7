"""What people write down beside the numbers: annotations, decisions, actions; and who keeps them.

Does not keep them: implemented by `warehouse.notes_store`. A text is data: whoever shows it escapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

AnnotationKind = Literal["hypothesis", "field_note", "outcome"]
Course = Literal["start", "iterate", "kill"]
ActionStatus = Literal["open", "done", "dropped"]

MAX_TEXT = 2_000
"""Characters of a text; names have at most `MAX_NAME`."""
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which edition of a note this is: the highest version counts. A note that is gone stays as a row that says so."""

    id: str
    version: int = 1
    written_at_ms: int = 0
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """A dated remark on a metric or a board, or on all of them if it names neither."""

    stamp: Stamp
    day: date
    text: str
    kind: AnnotationKind = "field_note"
    metric: str = ""
    board: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided in the ritual of a week (its Monday), and what came of it (`outcome`, noted later)."""

    stamp: Stamp
    week: date
    course: Course
    text: str
    metric: str = ""
    owner: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Who does what until when, noted in the ritual of a week (its Monday). `budget` in the workspace's currency.

    `closed_on` is the day on which it was done or dropped.
    """

    stamp: Stamp
    week: date
    text: str
    metric: str = ""
    owner: str = ""
    due: date | None = None
    expected_effect: str = ""
    budget: Decimal | None = None
    status: ActionStatus = "open"
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class NotesQuestion:
    """Annotations by their day, decisions and actions by their week, both inclusive; None: no bound.

    Empty `metric`, `board`, `status`: any. `board` is for annotations, `status` for actions.
    """

    first: date | None = None
    last: date | None = None
    metric: str = ""
    board: str = ""
    status: ActionStatus | Literal[""] = ""
    limit: int = 100
    offset: int = 0


class Notes(Protocol):
    """Append-only; safe to use from several threads. Every method may raise `schemas.reading.ReadingUnavailable`.

    Lists hold the newest edition of each note that is not gone: latest day or week first, then latest written.
    """

    def annotations(self, question: NotesQuestion) -> Sequence[Annotation]: ...

    def decisions(self, question: NotesQuestion) -> Sequence[Decision]: ...

    def actions(self, question: NotesQuestion) -> Sequence[Action]: ...

    def annotation(self, identifier: str) -> Annotation | None:
        """The newest edition; None if there is none or it is gone."""
        ...

    def decision(self, identifier: str) -> Decision | None: ...

    def action(self, identifier: str) -> Action | None: ...

    def append(self, note: Annotation | Decision | Action) -> None:
        """Keep an edition; the same one twice is one."""
        ...
