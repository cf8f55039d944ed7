"""What the loader cannot load: foreign records and unreadable lines, kept in quarantine with their place in the log.

Does not find unreadable lines: see `warehouse.unreadable`.
"""

import base64
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from schemas.rows import QuarantineRow
from schemas.topics import StoredRecord
from schemas.violations import Rule
from warehouse.client import DATABASE, Warehouse
from warehouse.ledger import Place

_LINE_BITS = 20
_ENCODER = msgspec.json.Encoder()

LINES = "loader"
RECORDS = "poison"
"""First part of the collector's name in a dead letter's row: lines of a record of ours, or a whole foreign record."""

_RECENT = f"""
SELECT DISTINCT bitShiftRight(seq, {_LINE_BITS}) AS at_offset FROM {DATABASE}.quarantine_rows
WHERE collector = {{collector:String}} AND seq >= {{first:UInt64}} AND seq < {{end:UInt64}}
ORDER BY at_offset
"""


@dataclass(frozen=True, slots=True)
class PoisonLimit:
    """At most so many foreign records among so many records of a partition that follow each other."""

    records: int = 100
    among: int = 1_000


class TooMuchPoison(Exception):
    """So many records are none of ours that putting them aside would drain the topic: a wrong program writes into it.

    Nothing is skipped: whoever starts the loader again gets the same answer, until the program is stopped and the
    limit is raised, or the topic is mended.
    """


def check_poison(warehouse: Warehouse, poison: Sequence[StoredRecord], limit: PoisonLimit) -> None:
    """Called before a load with these foreign records is planned.

    Raises:
        TooMuchPoison: one of them would be the first beyond the limit, those put aside shortly before it counted.
    """
    offsets: dict[Place, list[int]] = {}
    for stored in poison:
        offsets.setdefault((stored.record.topic, stored.record.partition), []).append(stored.offset)
    for place, found in offsets.items():
        before = put_aside_before(warehouse, place, found[0], limit.among)
        if _most_recent(before, found, limit.among) > limit.records:
            raise TooMuchPoison(
                f"of {limit.among} records of {place[0]}/{place[1]} up to offset {found[-1]}"
                f" more than {limit.records} are none of ours: stop who writes them, or raise POISON_LIMIT"
            )


def put_aside_before(warehouse: Warehouse, place: Place, offset: int, among: int) -> list[int]:
    """Offsets, ascending, of the foreign records among the last `among` before an offset."""
    bounds = {"first": max(0, offset - among) << _LINE_BITS, "end": offset << _LINE_BITS}
    rows = warehouse.rows(_RECENT, {"collector": _collector(RECORDS, place), **bounds})
    return [int(before) for (before,) in rows]


def put_records_aside(warehouse: Warehouse, poison: Iterable[StoredRecord], token: str) -> None:
    """Keep foreign records in the quarantine; the same record twice is one row."""
    rows = [
        _row(RECORDS, stored, 0, stored.record.value, "is no record of ours: its headers are missing or unreadable")
        for stored in poison
    ]
    _insert(warehouse, rows, token)


def put_lines_aside(warehouse: Warehouse, lines: Iterable[tuple[StoredRecord, int, bytes]], token: str) -> None:
    """Keep lines (record, number in it, bytes) in the quarantine; the same line twice is one row."""
    rows = [
        _row(LINES, stored, number, line, f"line {number}: the warehouse cannot read this row")
        for stored, number, line in lines
    ]
    _insert(warehouse, rows, token)


def _most_recent(before: Sequence[int], found: Sequence[int], among: int) -> int:
    """The most of these ascending offsets among the `among` that end with one of those found, as workers count too."""
    offsets = [*before, *found]
    places = range(len(before), len(offsets))
    return max(number + 1 - bisect_right(offsets, offsets[number] - among) for number in places)


def _row(kind: str, stored: StoredRecord, number: int, value: bytes, reason: str) -> QuarantineRow:
    record = stored.record
    try:
        raw, encoding = value.decode(), "utf-8"
    except UnicodeDecodeError:
        raw, encoding = base64.b64encode(value).decode(), "base64"
    place = f"{record.topic}/{record.partition}/{stored.offset}"
    violation = {"rule": Rule.WRONG_TYPE, "property": place, "message": reason}
    return QuarantineRow(
        message_id="",
        received_ms=stored.appended_ms,
        violations=msgspec.Raw(_ENCODER.encode([violation])),
        plan_version="",
        raw=raw,
        raw_encoding=encoding,
        source="loader",
        # Unique for each, as collectors' own names and numbers are.
        collector=_collector(kind, (record.topic, record.partition)),
        seq=stored.offset << _LINE_BITS | number,
    )


def _collector(kind: str, place: Place) -> str:
    return f"{kind}/{place[0]}/{place[1]}"


def _insert(warehouse: Warehouse, rows: Sequence[QuarantineRow], token: str) -> None:
    settings = {"insert_deduplication_token": token}
    warehouse.insert_lines("quarantine_rows", QuarantineRow.__struct_fields__, _ENCODER.encode_lines(rows), settings)
