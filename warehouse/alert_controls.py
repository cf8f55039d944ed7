"""Silences, acknowledgements and wishes in the warehouse (`schemas.alert_controls.AlertControls`): rows are appended.

Does not check what people write (the read API's routes) or act on it (`alerting.controls`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from schemas.alert_controls import Acknowledgement, Matcher, Silence, Wish
from schemas.notes import Stamp
from warehouse.client import DATABASE, Warehouse

_SILENCES = f"""
SELECT id, version, toUnixTimestamp64Milli(written_at) AS written_at_ms, matchers, starts_ms, ends_ms, author, reason
FROM {DATABASE}.alert_silences WHERE ends_ms > {{from_ms:Int64}} ORDER BY ends_ms, id
"""
_ACKNOWLEDGEMENTS = f"""
SELECT alert_id, at_ms, author, note FROM {DATABASE}.alert_acknowledgements
WHERE at_ms >= {{from_ms:Int64}} ORDER BY at_ms, alert_id
"""
_WISHES = f"""
SELECT id, kind, subject, at_ms, receiver, author FROM {DATABASE}.alert_wishes
WHERE at_ms >= {{from_ms:Int64}} ORDER BY at_ms, id
"""
_TABLES: Mapping[type, str] = {
    Silence: "alert_silence_rows",
    Acknowledgement: "alert_acknowledgement_rows",
    Wish: "alert_wish_rows",
}
_ENCODER = msgspec.json.Encoder()


class AlertControlsStore:
    """Every method may raise `WarehouseUnavailable`, which is a `ReadingUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def silences(self, from_ms: int) -> Sequence[Silence]:
        """One whose matchers cannot be read (no API has written it) silences nothing."""
        found = [_silence(row) for row in self._warehouse.records(_SILENCES, {"from_ms": from_ms})]
        return [silence for silence in found if silence.matchers]

    def acknowledgements(self, from_ms: int) -> Sequence[Acknowledgement]:
        return [Acknowledgement(**row) for row in self._warehouse.records(_ACKNOWLEDGEMENTS, {"from_ms": from_ms})]

    def wishes(self, from_ms: int) -> Sequence[Wish]:
        return [Wish(**row) for row in self._warehouse.records(_WISHES, {"from_ms": from_ms})]

    def append(self, control: Silence | Acknowledgement | Wish) -> None:
        row = _silence_row(control) if isinstance(control, Silence) else asdict(control)
        self._warehouse.insert_lines(_TABLES[type(control)], list(row), _ENCODER.encode(row), {})


def _silence_row(silence: Silence) -> dict[str, Any]:
    stamp = silence.stamp
    return {
        "id": stamp.id,
        "version": stamp.version,
        "written_at": f"{stamp.written_at_ms // 1000:010}.{stamp.written_at_ms % 1000:03}",
        "is_gone": int(stamp.is_gone),
        "matchers": _ENCODER.encode([asdict(each) for each in silence.matchers]).decode(),
        "starts_ms": silence.starts_ms,
        "ends_ms": silence.ends_ms,
        "author": silence.author,
        "reason": silence.reason,
    }


def _silence(row: Mapping[str, Any]) -> Silence:
    return Silence(
        stamp=Stamp(row["id"], row["version"], row["written_at_ms"]),
        matchers=_matchers(row["matchers"]),
        starts_ms=row["starts_ms"],
        ends_ms=row["ends_ms"],
        author=row["author"],
        reason=row["reason"],
    )


def _matchers(text: str) -> tuple[Matcher, ...]:
    try:
        return msgspec.json.decode(text, type=tuple[Matcher, ...])
    except msgspec.DecodeError:
        return ()
