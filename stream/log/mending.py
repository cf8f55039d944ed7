"""Finds what is damaged at the end of an embedded log, takes it out, and says so. Offsets stay without gaps.

Runs before the first append. Does not read the whole file: records further back are checked as they are read.
"""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.topics import Topic
from stream.log.layout import COLUMNS, INSERT, Row, empty_row, is_intact, key_place, key_range, record_key
from stream.log.reading import stored_ends
from stream.log.wal_tail import DAMAGED, unread_tail

_LOG = logging.getLogger(__name__)

CHECKED_RECORDS = 256
"""How many of the newest records of each partition are checked when the log is opened."""

FILLED_OFFSETS = 1024
"""Empty records put behind a broken end: a reader may have seen the records lost there, and would pass over new ones
under their offsets. More than the write-ahead log holds of one partition before it is moved into the file."""

Positions = Mapping[tuple[Topic, int], int]
"""The next offset to read of whoever read furthest, per topic and partition, as far as known."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Something acknowledged (or half-written) that is gone. No topic: it cannot be told which records it was."""

    path: Path
    reason: str
    topic: Topic | None = None
    partition: int = -1
    offset: int = -1

    def __str__(self) -> str:
        place = "" if self.topic is None else f", {self.topic}/{self.partition} offset {self.offset}"
        return f"{self.path}{place}: {self.reason}"


def mend(
    connection: sqlite3.Connection, path: Path, topics: Sequence[Topic], read: Positions, now_ms: int
) -> list[Cut]:
    """Put empty records in place of damaged ones at the ends of all partitions; what was cut.

    Raises:
        sqlite3.DatabaseError: the file itself is damaged (see `stream.log.salvage`).
    """
    tail = unread_tail(connection, path)
    cuts = [Cut(path, tail)] if tail else []
    for topic in topics:
        for partition in stored_ends(connection, topic):
            damaged = _damaged_rows(connection, topic, partition)
            if damaged:
                cuts += [Cut(path, "the record fails its checksum", *key_place(row[0])) for row in damaged]
                _empty(connection, [row[0] for row in damaged], now_ms)
            end = stored_ends(connection, topic)[partition].offset
            seen = read.get((topic, partition), 0)
            if seen > end:
                cuts.append(Cut(path, f"the log ends here, but was read up to {seen}", topic, partition, end))
            if tail == DAMAGED or seen > end:
                fill_up(connection, topic, partition, max(end, seen) + FILLED_OFFSETS, now_ms)
    return cuts


def fill_up(connection: sqlite3.Connection, topic: Topic, partition: int, next_offset: int, now_ms: int) -> None:
    """Append empty records until the next offset is the one given."""
    end = stored_ends(connection, topic)[partition]
    keys = (record_key(topic, partition, offset) for offset in range(end.offset, next_offset))
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, (empty_row(key, now_ms, end.lines) for key in keys))


def say_aloud(cuts: Sequence[Cut]) -> None:
    for cut in cuts:
        _LOG.error("the log was cut at its last good record: %s", cut)


def _damaged_rows(connection: sqlite3.Connection, topic: Topic, partition: int) -> list[Row]:
    """Those among the newest records, oldest first."""
    newest = connection.execute(
        f"SELECT {COLUMNS} FROM records WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?",
        (*key_range(topic, partition), CHECKED_RECORDS),
    ).fetchall()
    return [row for row in reversed(newest) if not is_intact(row)]


def _empty(connection: sqlite3.Connection, keys: Sequence[int], now_ms: int) -> None:
    """Their lines are gone, so each counts as many lines before it as the record before it has behind it."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for key in keys:
            connection.execute("DELETE FROM records WHERE key = ?", (key,))
            topic, partition, _offset = key_place(key)
            before = connection.execute(
                "SELECT lines_before + count FROM records WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1",
                (key_range(topic, partition)[0], key),
            ).fetchone()
            connection.execute(INSERT, empty_row(key, now_ms, before[0] if before else 0))
