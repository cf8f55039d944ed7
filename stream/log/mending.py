"""Finds and removes what is damaged at the end of an embedded log, and says so.

Runs before the first append. Does not read the whole file: records further back are checked as they are read.
"""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.topics import Topic
from stream.log.layout import COLUMNS, is_intact, key_place, key_range, record_key
from stream.log.reading import stored_ends
from stream.log.wal_tail import LOST_COMMITS, unread_tail

_LOG = logging.getLogger(__name__)

CHECKED_RECORDS = 256
"""How many of the newest records of each partition are checked when the log is opened."""

SKIPPED_OFFSETS = 1 << 20
"""Offsets left out behind a cut: a reader may have seen the lost records, and must not take new ones for them."""


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


def mend(connection: sqlite3.Connection, path: Path, topics: Sequence[Topic]) -> list[Cut]:
    """Remove damaged records from the ends of all partitions; what was cut.

    Raises:
        sqlite3.DatabaseError: the file itself is damaged (see `stream.log.salvage`).
    """
    places = [(topic, partition) for topic in topics for partition in stored_ends(connection, topic)]
    cuts: list[Cut] = []
    tail = unread_tail(connection, path)
    if tail:
        cuts.append(Cut(path, tail))
    for topic, partition in places:
        before = stored_ends(connection, topic)[partition]
        damaged = _damaged_offsets(connection, topic, partition)
        cuts += [Cut(path, "the record fails its checksum", topic, partition, offset) for offset in damaged]
        if damaged or tail == LOST_COMMITS:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _remove(connection, topic, partition, damaged)
                skip_offsets(connection, topic, partition, before.offset)
    return cuts


def skip_offsets(connection: sqlite3.Connection, topic: Topic, partition: int, last_known: int) -> None:
    """Let the next offset lie well beyond any that was ever given; lines go on from the newest record left."""
    connection.execute(
        "UPDATE bounds SET next_offset = max(next_offset, ?) + ? WHERE topic = ? AND partition = ?",
        (last_known, SKIPPED_OFFSETS, topic.value, partition),
    )


def say_aloud(cuts: Sequence[Cut]) -> None:
    for cut in cuts:
        _LOG.error("log damaged, cut at the last good record: %s", cut)


def _damaged_offsets(connection: sqlite3.Connection, topic: Topic, partition: int) -> list[int]:
    newest = connection.execute(
        f"SELECT {COLUMNS} FROM records WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?",
        (*key_range(topic, partition), CHECKED_RECORDS),
    )
    return [key_place(row[0])[2] for row in newest if not is_intact(row)]


def _remove(connection: sqlite3.Connection, topic: Topic, partition: int, offsets: Sequence[int]) -> None:
    keys = [(record_key(topic, partition, offset),) for offset in offsets]
    connection.executemany("DELETE FROM records WHERE key = ?", keys)
