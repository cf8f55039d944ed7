"""What the loader cannot load: foreign records and unreadable lines, kept in quarantine with their place in the log.

Does not find unreadable lines: see `warehouse.unreadable`.
"""

import base64
from collections import Counter
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
SELECT count() FROM {DATABASE}.quarantine_rows FINAL
WHERE collector = {{collector:String}} AND seq >= {{first:UInt64}} AND seq < {{end:UInt64}}
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
        TooMuchPoison: with those put aside shortly before they are more than the limit.
    """
    offsets: dict[Place, list[int]] = {}
    for stored in poison:
        offsets.setdefault((stored.record.topic, stored.record.partition), []).append(stored.offset)
    for place, found in offsets.items():
        before = recent_dead_letters(warehouse, RECORDS, place, found[0], limit.among)
        if before + _densest(found, limit.among) > limit.records:
            raise TooMuchPoison(
                f"of {limit.among} records of {place[0]}/{place[1]} up to offset {found[-1]}"
                f" more than {limit.records} are none of ours: stop who writes them, or raise POISON_LIMIT"
            )


def recent_dead_letters(warehouse: Warehouse, kind: str, place: Place, offset: int, among: int) -> int:
    """How many were put aside of the last `among` records before an offset."""
    bounds = {"first": max(0, offset - among) << _LINE_BITS, "end": offset << _LINE_BITS}
    return int(warehouse.rows(_RECENT, {"collector": _collector(kind, place), **bounds})[0][0])


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


def _densest(offsets: Sequence[int], among: int) -> int:
    """The most of these ascending offsets that lie within one stretch of `among`."""
    counts: Counter[int] = Counter()
    first = 0
    for number, offset in enumerate(offsets):
        while offsets[first] <= offset - among:
            first += 1
        counts[number] = number - first + 1
    return max(counts.values(), default=0)


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
