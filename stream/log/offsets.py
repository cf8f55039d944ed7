"""Offsets that the stream commits as a courtesy; where it starts is decided by its own checkpoints.

Does not hold positions that anything depends on.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock

from schemas.log import LogUnavailable
from schemas.topics import Topic
from stream.log.connections import open_reader, open_writer

_TABLE = """
CREATE TABLE IF NOT EXISTS committed_offsets (
    topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID
"""


class CommittedOffsets:
    """Next offset to read per topic and partition, in the file of the hand-offs (the engine writes both)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection = open_writer(path)
        # Losing the last of these in a power cut costs nothing.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_TABLE)

    def store(self, offsets: Mapping[tuple[Topic, int], int]) -> None:
        """Store next offsets. May raise LogUnavailable."""
        rows = [(topic.value, partition, offset) for (topic, partition), offset in offsets.items()]
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO committed_offsets VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise LogUnavailable(f"{self._path}: {error}") from error

    def load(self) -> dict[tuple[Topic, int], int]:
        """All stored offsets. May raise LogUnavailable."""
        try:
            with self._lock:
                rows = self._connection.execute(
                    "SELECT topic, partition, next_offset FROM committed_offsets"
                ).fetchall()
        except sqlite3.Error as error:
            raise LogUnavailable(f"{self._path}: {error}") from error
        return {(Topic(topic), partition): offset for topic, partition, offset in rows}

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def read_committed(path: Path) -> dict[tuple[Topic, int], int]:
    """What another process has committed to this file; empty if there is nothing or it cannot be read."""
    if not path.exists():
        return {}
    try:
        with closing(open_reader(path)) as connection:
            found = connection.execute("SELECT topic, partition, next_offset FROM committed_offsets").fetchall()
    except sqlite3.Error:
        return {}
    return {(Topic(topic), partition): offset for topic, partition, offset in found}
