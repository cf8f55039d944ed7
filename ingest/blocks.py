"""Lines of requests made into records: one record is a block of lines of one partition.

Does not append them: see `ingest.packer`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from schemas.rows import NO_VIOLATIONS, EventRow, LinkRow, QuarantineRow
from schemas.topics import MAX_BLOCK_BYTES, MAX_BLOCK_EVENTS, Kind, Record, Topic

_encode_lines = msgspec.json.Encoder().encode_lines

Rows = Sequence[EventRow] | Sequence[LinkRow] | Sequence[QuarantineRow]


class Portion(NamedTuple):
    """Lines of one request for one partition: never more than a block holds, but for a single longer line.

    `watched_ms` is not 0 if it stands for an event of the self-watch, and has no lines.
    """

    topic: Topic
    partition: int
    kind: Kind
    lines: int
    flagged: int
    value: bytes
    watched_ms: int = 0


def portions(topic: Topic, partition: int, kind: Kind, rows: Rows) -> Iterator[Portion]:
    """Encode rows, in order, halving them until each part fits into a block."""
    if len(rows) <= MAX_BLOCK_EVENTS:
        value = _encode_lines(rows)
        if len(value) <= MAX_BLOCK_BYTES or len(rows) == 1:
            yield Portion(topic, partition, kind, len(rows), _count_flagged(kind, rows), value)
            return
    middle = len(rows) // 2
    yield from portions(topic, partition, kind, rows[:middle])
    yield from portions(topic, partition, kind, rows[middle:])


def _count_flagged(kind: Kind, rows: Rows) -> int:
    if kind is not Kind.EVENTS:
        return 0
    return sum(row.violations is not NO_VIOLATIONS for row in rows)  # type: ignore[union-attr]


class _Block:
    """A block that is being filled."""

    __slots__ = ("count", "flagged", "size", "values", "watched_ms")

    def __init__(self, watched_ms: int = 0) -> None:
        self.watched_ms = watched_ms
        self.count = self.flagged = self.size = 0
        self.values: list[bytes] = []

    def has_room(self, portion: Portion) -> bool:
        return self.count + portion.lines <= MAX_BLOCK_EVENTS and self.size + len(portion.value) <= MAX_BLOCK_BYTES

    def add(self, portion: Portion) -> None:
        self.count += portion.lines
        self.flagged += portion.flagged
        self.size += len(portion.value)
        self.values.append(portion.value)


Place = tuple[Topic, int, Kind]


def pack(waiting: Iterable[Portion], collector: str, first_sequence: int) -> list[Record]:
    """As few records as the bounds of a block allow, numbered from `first_sequence`; lines keep their order.

    An event of the self-watch has a record of its own.
    """
    full: list[tuple[Place, _Block]] = []
    open_blocks: dict[Place, _Block] = {}
    for portion in waiting:
        place = portion[:3]
        if portion.watched_ms:
            full.append((place, _Block(portion.watched_ms)))
            continue
        block = open_blocks.get(place)
        if block is None or not block.has_room(portion):
            block = open_blocks[place] = _Block()
            full.append((place, block))
        block.add(portion)
    return [
        Record(
            topic,
            partition,
            kind,
            block.count,
            b"".join(block.values),
            block.flagged,
            collector,
            sequence,
            watched_ms=block.watched_ms,
        )
        for sequence, ((topic, partition, kind), block) in enumerate(full, first_sequence)
    ]
