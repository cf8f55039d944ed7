"""Notes kept in memory, for tests of those who read and write them.

Does not survive anything.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from schemas.notes import Action, Annotation, Decision, NotesQuestion

Note = TypeVar("Note", Annotation, Decision, Action)


class RememberedNotes:
    """Implements `schemas.notes.Notes`."""

    def __init__(self) -> None:
        self.editions: list[Annotation | Decision | Action] = []

    def append(self, note: Annotation | Decision | Action) -> None:
        self.editions.append(note)

    def annotations(self, question: NotesQuestion) -> Sequence[Annotation]:
        found = (each for each in self._newest(Annotation) if each.metric == (question.metric or each.metric))
        kept = [each for each in found if each.board == (question.board or each.board)]
        return _page([each for each in kept if _lies_in(question, each.day)], "day", question)

    def decisions(self, question: NotesQuestion) -> Sequence[Decision]:
        found = (each for each in self._newest(Decision) if each.metric == (question.metric or each.metric))
        return _page([each for each in found if _lies_in(question, each.week)], "week", question)

    def actions(self, question: NotesQuestion) -> Sequence[Action]:
        found = (each for each in self._newest(Action) if each.metric == (question.metric or each.metric))
        kept = [each for each in found if each.status == (question.status or each.status)]
        return _page([each for each in kept if _lies_in(question, each.week)], "week", question)

    def annotation(self, identifier: str) -> Annotation | None:
        return next((each for each in self._newest(Annotation) if each.stamp.id == identifier), None)

    def decision(self, identifier: str) -> Decision | None:
        return next((each for each in self._newest(Decision) if each.stamp.id == identifier), None)

    def action(self, identifier: str) -> Action | None:
        return next((each for each in self._newest(Action) if each.stamp.id == identifier), None)

    def _newest(self, kind: type[Note]) -> Iterator[Note]:
        newest: dict[str, Note] = {}
        for each in self.editions:
            if isinstance(each, kind):
                before = newest.get(each.stamp.id)
                if before is None or each.stamp.version > before.stamp.version:
                    newest[each.stamp.id] = each
        return (each for each in newest.values() if not each.stamp.is_gone)


def _lies_in(question: NotesQuestion, day) -> bool:
    return (question.first is None or question.first <= day) and (question.last is None or day <= question.last)


def _page(found: list[Note], day: str, question: NotesQuestion) -> list[Note]:
    found.sort(key=lambda note: note.stamp.id)
    found.sort(key=lambda note: (getattr(note, day), note.stamp.written_at_ms), reverse=True)
    return found[question.offset : question.offset + question.limit]
