"""The ledger of loads: which stretches of the log are planned and done, and what they held in total.

Does not load anything: see `warehouse.loader`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from schemas.topics import Topic
from warehouse.client import DATABASE, Warehouse

_COLUMNS = (
    "topic",
    "partition",
    "state",
    "from_offset",
    "to_offset",
    "token",
    "watched_ms",
    "accepted",
    "flagged",
    "quarantined",
    "put_aside",
    "lines",
)

_LATEST = f"""
SELECT topic, partition, state, from_offset, to_offset, watched_ms, accepted, flagged, quarantined, put_aside, lines
FROM {DATABASE}.load_ranges ORDER BY to_offset DESC, at DESC LIMIT 1 BY topic, partition, state
SETTINGS max_threads = 1
"""

Place = tuple[Topic, int]
"""A partition of a topic."""


class Totals(NamedTuple):
    """Lines since the log began, as their collectors answered them.

    `flagged` are among the `accepted`. `put_aside` are accepted lines that the warehouse could not read.
    `lines` counts all, link records included.
    """

    accepted: int = 0
    flagged: int = 0
    quarantined: int = 0
    put_aside: int = 0
    lines: int = 0

    def plus(self, other: "Totals") -> "Totals":
        return Totals(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Totals()


@dataclass(frozen=True, slots=True)
class LoadRange:
    """Offsets `from_offset` up to, not including, `to_offset` of one partition; `totals` run up to its end.

    `watched_ms`: when the last event of the self-watch before its end was sent (Unix ms); 0: there was none.
    """

    topic: Topic
    partition: int
    from_offset: int
    to_offset: int
    totals: Totals = NOTHING
    watched_ms: int = 0

    @property
    def place(self) -> Place:
        return (self.topic, self.partition)


class LedgerState(NamedTuple):
    """`done`: the last range that is loaded, by place. `unfinished`: planned after it, with their common token."""

    done: Mapping[Place, LoadRange]
    unfinished: Sequence[LoadRange]


def token_of(ranges: Sequence[LoadRange]) -> str:
    """The deduplication token of a load: a function of its borders alone."""
    borders = [(part.topic.value, part.partition, part.from_offset, part.to_offset) for part in ranges]
    return hashlib.blake2b(msgspec.json.encode(sorted(borders)), digest_size=16).hexdigest()


class Ledger:
    """Reads and writes `load_ranges`. All ranges of a load are written in one insert, so they stand together."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def read(self) -> LedgerState:
        """Where loading stands. May raise `WarehouseUnavailable`."""
        done: dict[Place, LoadRange] = {}
        planned: list[LoadRange] = []
        for topic, partition, state, first, end, watched_ms, *totals in self._warehouse.rows(_LATEST):
            part = LoadRange(Topic(topic), partition, first, end, Totals(*totals), watched_ms)
            if state == "done":
                done[part.place] = part
            else:
                planned.append(part)
        unfinished = [part for part in planned if part.place not in done or part.to_offset > done[part.place].to_offset]
        return LedgerState(done, sorted(unfinished, key=lambda part: part.place))

    def plan(self, ranges: Sequence[LoadRange]) -> None:
        self._write("planned", ranges)

    def finish(self, ranges: Sequence[LoadRange]) -> None:
        """Called after every row of the ranges is durable. Totals must be those up to the ends of the ranges."""
        self._write("done", ranges)

    def _write(self, state: str, ranges: Sequence[LoadRange]) -> None:
        token = token_of(ranges)
        rows = [
            {
                "topic": part.topic.value,
                "partition": part.partition,
                "state": state,
                "from_offset": part.from_offset,
                "to_offset": part.to_offset,
                "token": token,
                "watched_ms": part.watched_ms,
            }
            | part.totals._asdict()
            for part in ranges
        ]
        self._warehouse.insert_lines("load_ranges", _COLUMNS, msgspec.json.Encoder().encode_lines(rows), {})
