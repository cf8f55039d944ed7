"""How far readers have come, committed as a courtesy: where they start is decided by their own checkpoints and ledger.

From these a log that lost its end learns which offsets must not be given again.
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
CREATE TABLE IF NOT EXISTS reader_offsets (
    reader TEXT, topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, PRIMARY KEY (reader, topic, partition)
) WITHOUT ROWID
"""

_FURTHEST = "SELECT topic, partition, max(next_offset) FROM reader_offsets GROUP BY topic, partition"

STREAM = "stream"
LOADER = "loader"


class CommittedOffsets:
    """Next offset per reader, topic and partition, in the file of the hand-offs (the engine writes both)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection = open_writer(path)
        # Losing the last of these in a power cut costs nothing.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_TABLE)

    def store(self, offsets: Mapping[tuple[Topic, int], int], reader: str = STREAM) -> None:
        """Store next offsets. May raise LogUnavailable."""
        rows = [(reader, topic.value, partition, offset) for (topic, partition), offset in offsets.items()]
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO reader_offsets VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise LogUnavailable(f"{self._path}: {error}") from error

    def load(self) -> dict[tuple[Topic, int], int]:
        """The stream's own. May raise LogUnavailable."""
        try:
            with self._lock:
                rows = self._connection.execute(
                    "SELECT topic, partition, next_offset FROM reader_offsets WHERE reader = ?", (STREAM,)
                ).fetchall()
        except sqlite3.Error as error:
            raise LogUnavailable(f"{self._path}: {error}") from error
        return {(Topic(topic), partition): offset for topic, partition, offset in rows}

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def read_committed(path: Path) -> dict[tuple[Topic, int], int]:
    """The furthest that any reader has committed to this file; empty if there is nothing or it cannot be read."""
    if not path.exists():
        return {}
    try:
        with closing(open_reader(path)) as connection:
            found = connection.execute(_FURTHEST).fetchall()
    except sqlite3.Error:
        return {}
    return {(Topic(topic), partition): offset for topic, partition, offset in found}
