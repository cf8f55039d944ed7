"""What one load takes from the log: whole records of several partitions, as the bytes of table rows.

Does not write anything and decodes no event: lines go on as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from schemas.log import LogReader
from schemas.topics import FORMAT_VERSION, Kind, StoredRecord, Topic, check_version
from warehouse.ledger import LoadRange, Place, Totals

TOPICS = (Topic.EVENTS, Topic.QUARANTINE)

EVENTS_TABLE = "events"
LINKS_TABLE = "identity_links"
QUARANTINE_TABLE = "quarantine_rows"

_TABLES = {Kind.EVENTS: EVENTS_TABLE, Kind.LINKS: LINKS_TABLE, Kind.QUARANTINE: QUARANTINE_TABLE}
_KINDS = {Topic.EVENTS: (Kind.EVENTS, Kind.LINKS), Topic.QUARANTINE: (Kind.QUARANTINE,)}
_RECORDS_PER_READ = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Ranges with the records inside them, in the order in which they are inserted.

    `is_full`: some partition probably has more. `later`: a record of a later format version, before which the range
    of its partition ends.
    """

    ranges: Sequence[LoadRange]
    records: Sequence[StoredRecord]
    is_full: bool = False
    later: StoredRecord | None = None

    def check_next(self) -> None:
        """Raise WrittenByLaterVersion if what follows cannot be read by this program."""
        if self.later is not None:
            check_version(self.later.record)

    @property
    def line_count(self) -> int:
        return sum(stored.record.count for stored in self.records)

    @property
    def foreign(self) -> list[StoredRecord]:
        """Records that are none of ours, which have no lines to load."""
        return [stored for stored in self.records if _is_foreign(stored)]

    def rows_by_table(self) -> dict[str, int]:
        """How many rows of each table there are, by the headers of the records."""
        rows: dict[str, int] = {}
        for stored in self.records:
            if table := _table_of(stored):
                rows[table] = rows.get(table, 0) + stored.record.count
        return rows

    def lines_of(self, table: str) -> bytes:
        """The rows of one table, one a line; the same bytes whenever the same ranges are read."""
        return b"".join(_row_bytes(stored) for stored in self.records if _table_of(stored) == table)

    def pieces_of(self, table: str, max_bytes: int) -> "list[Batch]":
        """The table's records in stretches of at most `max_bytes` of values, each of one record at least.

        The same stretches whenever the same ranges are read.
        """
        pieces: list[list[StoredRecord]] = []
        room = 0
        for stored in self.records:
            if _table_of(stored) != table:
                continue
            size = len(stored.record.value)
            if not pieces or size > room:
                pieces.append([])
                room = max_bytes
            pieces[-1].append(stored)
            room -= size
        return [Batch(self.ranges, records) for records in pieces]

    def places_of(self, table: str) -> list[tuple[StoredRecord, int]]:
        """For each line of `lines_of` its record and its number in it."""
        places: list[tuple[StoredRecord, int]] = []
        for stored in self.records:
            if _table_of(stored) == table:
                lines = _row_bytes(stored).count(b"\n")
                places.extend((stored, line) for line in range(lines))
        return places


class _Share(NamedTuple):
    """How much of one partition goes into a load."""

    lines: int
    size_bytes: int

    def is_used_up(self, lines: int, size_bytes: int) -> bool:
        return lines >= self.lines or size_bytes >= self.size_bytes


def read_next(log: LogReader, done: Mapping[Place, LoadRange], max_lines: int, max_bytes: int) -> Batch:
    """Whatever follows the ranges that are done, fairly from all partitions.

    About `max_lines` lines and `max_bytes` bytes of values of each topic, whichever comes first: a partition's share
    of them is passed by one record at most.

    Raises:
        LogUnavailable: try again later.
        LookupError: records were removed from the log that had not been loaded.
    """
    places = [(topic, partition) for topic in TOPICS for partition in range(log.partitions)]
    share = _Share(max(1, max_lines // log.partitions), max(1, max_bytes // log.partitions))
    is_full = False
    ranges: list[LoadRange] = []
    records: list[StoredRecord] = []
    later: StoredRecord | None = None
    for place in places:
        before = done.get(place) or _beginning(log, place)
        there = list(_up_to(log, place, before.to_offset, share))
        found = list(takewhile(_is_known, there))
        later = later or next(iter(there[len(found) :]), None)
        if found:
            records += found
            totals = totals_of(found)
            is_full = is_full or share.is_used_up(totals.lines, sum(len(stored.record.value) for stored in found))
            end, watched_ms = found[-1].offset + 1, watched_in(found) or before.watched_ms
            ranges.append(LoadRange(*place, before.to_offset, end, before.totals.plus(totals), watched_ms))
    return Batch(ranges, records, is_full, later)


def read_again(log: LogReader, ranges: Sequence[LoadRange]) -> Batch:
    """The records of ranges planned earlier, with exactly their borders.

    Raises as `read_next`, and:
        WrittenByLaterVersion: a newer release planned them; it has to finish them.
    """
    records: list[StoredRecord] = []
    for part in ranges:
        records += _within(log, part)
    for stored in records:
        check_version(stored.record)
    return Batch(ranges, records)


def totals_of(records: Sequence[StoredRecord]) -> Totals:
    """What the headers of records say; nothing is decoded."""
    accepted = flagged = quarantined = lines = 0
    for stored in records:
        record = stored.record
        if _is_foreign(stored):
            continue
        lines += record.count
        if record.kind is Kind.EVENTS:
            accepted += record.count
            flagged += record.flagged
        elif record.kind is Kind.QUARANTINE:
            quarantined += record.count
    return Totals(accepted, flagged, quarantined, 0, lines)


def watched_in(records: Sequence[StoredRecord]) -> int:
    """When the last event of the self-watch among them was sent (Unix ms); 0: there is none."""
    return next((stored.record.watched_ms for stored in reversed(records) if stored.record.watched_ms), 0)


def lines_in(value: bytes) -> list[bytes]:
    """The lines with their line ends; only a line feed ends one."""
    return [line + b"\n" for line in value.removesuffix(b"\n").split(b"\n")]


def _is_known(stored: StoredRecord) -> bool:
    return stored.record.version <= FORMAT_VERSION


def _is_foreign(stored: StoredRecord) -> bool:
    record = stored.record
    return record.is_poison or (record.kind not in _KINDS[record.topic] and not record.is_filler)


def _table_of(stored: StoredRecord) -> str:
    """Where its lines go; empty for a foreign record, and for one without lines."""
    return "" if _is_foreign(stored) or stored.record.is_filler else _TABLES[stored.record.kind]


def _beginning(log: LogReader, place: Place) -> LoadRange:
    start = log.starts(place[0]).get(place[1], 0)
    return LoadRange(*place, start, start)


def _up_to(log: LogReader, place: Place, offset: int, share: _Share) -> Iterator[StoredRecord]:
    lines = size = 0
    while True:
        found = log.read(*place, offset, _RECORDS_PER_READ)
        for stored in found:
            yield stored
            lines += stored.record.count
            size += len(stored.record.value)
            if share.is_used_up(lines, size):
                return
        if not found:
            return
        offset = found[-1].offset + 1


def _within(log: LogReader, part: LoadRange) -> Iterator[StoredRecord]:
    offset = part.from_offset
    while offset < part.to_offset:
        found = log.read(*part.place, offset, _RECORDS_PER_READ)
        if not found:
            raise LookupError(f"{part.topic}/{part.partition} ends before {part.to_offset}, which was planned")
        for stored in found:
            if stored.offset >= part.to_offset:
                return
            yield stored
        offset = found[-1].offset + 1


def _row_bytes(stored: StoredRecord) -> bytes:
    value = stored.record.value
    if not stored.record.count:
        # Takes the place of a record that was lost to damage.
        return b""
    if not value.endswith(b"\n"):
        value += b"\n"
    if stored.record.kind is not Kind.LINKS:
        return value
    return b"".join(
        b'{"partition":%d,"log_offset":%d,"line":%d,' % (stored.record.partition, stored.offset, number) + line[1:]
        for number, line in enumerate(lines_in(value))
    )
