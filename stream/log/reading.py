"""The reading end of the embedded log; any process may hold one.

Does not write: see `stream.log.local`.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from zstandard import ZstdDecompressor, ZstdError

from schemas.log import LogUnavailable
from schemas.topics import LogEnd, StoredRecord, Topic
from stream.log.connections import ReaderPool
from stream.log.layout import COLUMNS, RecordDamaged, Row, from_row, is_intact, key_range, record_key

_AT_OR_AFTER = "FROM records WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1"


class LocalLogReader:
    """Reads a log that one process writes (schemas.log.LogReader). No offset is missing: a lost record is an empty one.

    Safe to use from several threads. Every method may raise `LogUnavailable`: no file yet, or an I/O error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pool = ReaderPool(path)
        self._partitions = 0

    @property
    def partitions(self) -> int:
        if not self._partitions:
            with self._pool.borrow() as connection:
                self._partitions = stored_partitions(connection)
        return self._partitions

    def read(self, topic: Topic, partition: int, offset: int, max_records: int = 64) -> list[StoredRecord]:
        """Records from `offset` on, in order; empty at the end.

        Raises:
            LookupError: `offset` lies before the first retained record.
            RecordDamaged: a record in the range is not what was appended.
        """
        first, last = record_key(topic, partition, offset), key_range(topic, partition)[1]
        with self._pool.borrow() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM records WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?",
                (first, last, max_records),
            ).fetchall()
            # Looked at after the rows: a prune in between may have taken some of them.
            start = _start(connection, topic, partition)
        if offset < start:
            raise LookupError(f"{self.path}: {topic}/{partition} begins at {start}, {offset} is gone")
        decompressor = ZstdDecompressor()
        return [self._stored(row, decompressor) for row in rows]

    def starts(self, topic: Topic) -> Mapping[int, int]:
        """First retained offset per partition."""
        with self._pool.borrow() as connection:
            found = connection.execute("SELECT partition, first_offset FROM bounds WHERE topic = ?", (topic.value,))
            return dict(found.fetchall())

    def ends(self, topic: Topic) -> Mapping[int, LogEnd]:
        """The end of each partition, durable appends only; empty if the log does not hold the topic."""
        with self._pool.borrow() as connection:
            return stored_ends(connection, topic)

    def end_offsets(self, topic: Topic) -> Mapping[int, int]:
        """The next offset of each partition, durable appends only; empty if the log does not hold the topic."""
        return {partition: end.offset for partition, end in self.ends(topic).items()}

    def has_only_watch(self, topic: Topic, partition: int, first: int, end: int) -> bool:
        """Whether every record from offset `first` up to, not including, `end` is the self-watch's."""
        low, high = record_key(topic, partition, first), record_key(topic, partition, end)
        with self._pool.borrow() as connection:
            found = connection.execute(
                "SELECT count(*) FROM records WHERE key >= ? AND key < ? AND flagged < 0", (low, high)
            ).fetchone()
        return int(found[0]) == end - first

    def lines_before(self, topic: Topic, partition: int, offset: int) -> int:
        """Lines appended before `offset` (which may be the end)."""
        first, last = record_key(topic, partition, offset), key_range(topic, partition)[1]
        with self._pool.borrow() as connection:
            found = connection.execute(f"SELECT lines_before {_AT_OR_AFTER}", (first, last)).fetchone()
            return int(found[0]) if found else stored_ends(connection, topic)[partition].lines

    def first_appended_ms(self, topic: Topic, partition: int, offset: int) -> int | None:
        """When the record at `offset` was appended; None at the end."""
        first, last = record_key(topic, partition, offset), key_range(topic, partition)[1]
        with self._pool.borrow() as connection:
            found = connection.execute(f"SELECT appended_ms {_AT_OR_AFTER}", (first, last)).fetchone()
        return int(found[0]) if found else None

    def low_watermarks(self) -> Mapping[str, int]:
        """Low watermark (Unix ms) of each living collector, by name."""
        with self._pool.borrow() as connection:
            return dict(connection.execute("SELECT collector, low_watermark_ms FROM watermarks").fetchall())

    def close(self) -> None:
        self._pool.close()

    def _stored(self, row: Row, decompressor: ZstdDecompressor) -> StoredRecord:
        try:
            if is_intact(row):
                return from_row(row, decompressor.decompress(row[10]))
        except (ZstdError, ValueError, KeyError) as error:
            raise RecordDamaged(f"{self.path}: record {row[0]:#x} cannot be decoded") from error
        raise RecordDamaged(f"{self.path}: record {row[0]:#x} fails its checksum")


def stored_partitions(connection: sqlite3.Connection) -> int:
    """Number of partitions that the file was made with.

    Raises:
        LogUnavailable: the file is still being made.
    """
    try:
        found = connection.execute("SELECT value FROM meta WHERE key = 'partitions'").fetchone()
    except sqlite3.OperationalError as error:
        raise LogUnavailable("the log is not there yet") from error
    return int(found[0])


def stored_ends(connection: sqlite3.Connection, topic: Topic) -> dict[int, LogEnd]:
    """The end of each partition as the tables tell it."""
    bounds = connection.execute("SELECT partition, next_offset, next_lines FROM bounds WHERE topic = ?", (topic.value,))
    return {partition: _end(connection, topic, partition, LogEnd(*least)) for partition, *least in bounds.fetchall()}


def _end(connection: sqlite3.Connection, topic: Topic, partition: int, least: LogEnd) -> LogEnd:
    low, high = key_range(topic, partition)
    newest = connection.execute(
        "SELECT key, lines_before + count FROM records WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1",
        (low, high),
    ).fetchone()
    if newest is None:
        return least
    return LogEnd(max(least.offset, newest[0] - low + 1), max(least.lines, newest[1]))


def _start(connection: sqlite3.Connection, topic: Topic, partition: int) -> int:
    found = connection.execute(
        "SELECT first_offset FROM bounds WHERE topic = ? AND partition = ?", (topic.value, partition)
    ).fetchone()
    if found is None:
        raise LogUnavailable(f"the log holds no {topic}/{partition}")
    return int(found[0])
