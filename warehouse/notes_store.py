"""Annotations, decisions and actions in the warehouse (`schemas.notes.Notes`): editions are appended, views pick.

Does not check what people write: see the read API's routes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from schemas.notes import Action, Annotation, Decision, NotesQuestion, Stamp
from warehouse.client import DATABASE, Warehouse

Note = TypeVar("Note", Annotation, Decision, Action)

_NAMES: Mapping[type, str] = {Annotation: "annotation", Decision: "decision", Action: "action"}
_DAYS: Mapping[type, str] = {Annotation: "day", Decision: "week", Action: "week"}
_FILTERS: Mapping[type, Sequence[str]] = {
    Annotation: ("metric", "board"),
    Decision: ("metric",),
    Action: ("metric", "status"),
}
_FOREVER = (date(1970, 1, 1), date(2149, 6, 6))
"""What the type of the column can hold."""

_ENCODER = msgspec.json.Encoder(decimal_format="string")


class NotesStore:
    """Every method may raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def annotations(self, question: NotesQuestion) -> Sequence[Annotation]:
        return self._list(Annotation, question)

    def decisions(self, question: NotesQuestion) -> Sequence[Decision]:
        return self._list(Decision, question)

    def actions(self, question: NotesQuestion) -> Sequence[Action]:
        return self._list(Action, question)

    def annotation(self, identifier: str) -> Annotation | None:
        return self._find(Annotation, identifier)

    def decision(self, identifier: str) -> Decision | None:
        return self._find(Decision, identifier)

    def action(self, identifier: str) -> Action | None:
        return self._find(Action, identifier)

    def append(self, note: Annotation | Decision | Action) -> None:
        stamp = note.stamp
        row: dict[str, Any] = {
            "id": stamp.id,
            "version": stamp.version,
            "written_at": f"{stamp.written_at_ms // 1000:010}.{stamp.written_at_ms % 1000:03}",
            "is_gone": int(stamp.is_gone),
            **{name: getattr(note, name) for name in _columns(type(note))},
        }
        self._warehouse.insert_lines(f"{_NAMES[type(note)]}_rows", list(row), _ENCODER.encode(row), {})

    def _list(self, kind: type[Note], question: NotesQuestion) -> list[Note]:
        given = {name: getattr(question, name) for name in _FILTERS[kind] if getattr(question, name)}
        conditions = "".join(f" AND {name} = {{{name}:String}}" for name in given)
        first, last = question.first or _FOREVER[0], question.last or _FOREVER[1]
        day = _DAYS[kind]
        found = self._warehouse.records(
            f"{_selected(kind)} WHERE {day} BETWEEN {{first:Date}} AND {{last:Date}}{conditions}"
            f" ORDER BY {day} DESC, written_at_ms DESC, id LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}",
            {"first": first, "last": last, "limit": question.limit, "offset": question.offset, **given},
        )
        return [_note(kind, row) for row in found]

    def _find(self, kind: type[Note], identifier: str) -> Note | None:
        found = self._warehouse.records(f"{_selected(kind)} WHERE id = {{id:String}}", {"id": identifier})
        return _note(kind, found[0]) if found else None


def _columns(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if field.name != "stamp"]


def _selected(kind: type) -> str:
    columns = ", ".join(_columns(kind))
    view = f"{DATABASE}.{_NAMES[kind]}s"
    return f"SELECT id, version, toUnixTimestamp64Milli(written_at) AS written_at_ms, {columns} FROM {view}"


def _note(kind: type[Note], row: Mapping[str, Any]) -> Note:
    stamp = Stamp(row["id"], row["version"], row["written_at_ms"])
    values = {name: row[name] for name in _columns(kind)}
    if isinstance(values.get("budget"), Decimal):
        values["budget"] = _plain(values["budget"])
    return kind(stamp=stamp, **values)


def _plain(amount: Decimal) -> Decimal:
    """Without the zeroes that the column adds beyond cents."""
    return amount.quantize(Decimal("0.01")) if amount == amount.quantize(Decimal("0.01")) else amount
