"""The embedded durable log: one SQLite file, written by one process, read by any.

Does not decide what goes in: see `ingest.packer` and `stream.worker`; reading lies in `stream.log.reading`.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from zstandard import ZstdCompressor

from schemas.log import LogUnavailable
from schemas.topics import LogEnd, Record, Topic
from stream.log.layout import (
    INSERT,
    MAX_OFFSET,
    Row,
    key_range,
    record_key,
    to_row,
)
from stream.log.mending import Positions, say_aloud
from stream.log.opening import open_log
from stream.log.reading import LocalLogReader, stored_ends

EVENT_TOPICS = (Topic.EVENTS, Topic.QUARANTINE)
HANDOFF_TOPICS = (Topic.HANDOFFS,)

_PRUNED_AT_ONCE = 200

Ends = dict[tuple[Topic, int], LogEnd]


def unix_ms() -> int:
    return time.time_ns() // 1_000_000


def _ring_nobody() -> None: ...


class LocalLog(LocalLogReader):
    """Both ends of the log (schemas.log.LogAppender and LogReader); the process that writes holds exactly one.

    Appends may come from several threads and take turns. Blocks are compressed in the appending thread.
    `on_append` is called after each commit, in the appending thread, to wake readers.
    """

    def __init__(
        self,
        path: Path,
        topics: Sequence[Topic],
        partitions: int,
        on_append: Callable[[], None] = _ring_nobody,
        clock: Callable[[], int] = unix_ms,
        read: Positions = MappingProxyType({}),
    ) -> None:
        """Open the log, making it if it is not there and mending it if its end is damaged (`cut` says where).

        `read` is how far readers are known to have come (`stream.log.offsets.read_committed`): offsets before that
        are never given again, even if the log has lost their records.

        Raises:
            WrongPartitions: the file has another number of partitions.
            LogUnavailable: the file cannot be made or written.
        """
        super().__init__(path)
        self._on_append = on_append
        self._clock = clock
        self._lock = Lock()
        self._compressor = ZstdCompressor(level=1)
        self._collector = ""
        try:
            self._connection, self.cut = open_log(path, topics, partitions, read, clock())
        except sqlite3.Error as error:
            raise LogUnavailable(f"{path}: {error}") from error
        say_aloud(self.cut)
        self._ends = self._load_ends(topics)

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        """Append all records or none, durably, in order; return their offsets.

        Raises:
            LogUnavailable: nothing was promised; the caller may try again.
        """
        if not records:
            return []
        with self._lock:
            ends, rows = self._place(records)
            with self._transaction():
                self._connection.executemany(INSERT, rows)
                if low_watermark_ms is not None:
                    self._store_watermark(records[0].collector, low_watermark_ms)
            self._ends.update(ends)
        self._on_append()
        return [row[0] & MAX_OFFSET for row in rows]

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        """Store a collector's low watermark alone (while idle). May raise LogUnavailable."""
        with self._lock, self._transaction():
            self._store_watermark(collector, low_watermark_ms)
        self._on_append()

    def prune(self, topic: Topic, partition: int, before_offset: int) -> None:
        """Remove the records before an offset for good (not beyond the end). May raise LogUnavailable.

        Appends get their turn in between; the space is used again by later records.
        """
        last = min(before_offset, self._ends[topic, partition].offset)
        low = key_range(topic, partition)[0]
        first = self.starts(topic)[partition]
        while first < last:
            with self._lock, self._transaction():
                found = self._connection.execute(
                    "SELECT key FROM records WHERE key >= ? AND key < ? ORDER BY key LIMIT 1 OFFSET ?",
                    (low + first, low + last, _PRUNED_AT_ONCE),
                ).fetchone()
                first = found[0] - low if found else last
                self._remove_before(topic, partition, first)

    def _remove_before(self, topic: Topic, partition: int, first: int) -> None:
        low = key_range(topic, partition)[0]
        end = self._ends[topic, partition]
        self._connection.execute("DELETE FROM records WHERE key >= ? AND key < ?", (low, low + first))
        self._connection.execute(
            "UPDATE bounds SET first_offset = ?, next_offset = ?, next_lines = ? WHERE topic = ? AND partition = ?",
            (first, end.offset, end.lines, topic.value, partition),
        )

    def close(self) -> None:
        super().close()
        with self._lock:
            self._connection.close()

    def _load_ends(self, topics: Sequence[Topic]) -> Ends:
        return {
            (topic, partition): end
            for topic in topics
            for partition, end in stored_ends(self._connection, topic).items()
        }

    def _place(self, records: Sequence[Record]) -> tuple[Ends, list[Row]]:
        """Give each record its offset and compress it; the ends as they will be after the commit."""
        ends: Ends = {}
        rows = []
        now = self._clock()
        for record in records:
            place = (record.topic, record.partition)
            end = ends.get(place) or self._ends[place]
            key = record_key(record.topic, record.partition, end.offset)
            rows.append(to_row(key, record, self._compressor.compress(record.value), now, end.lines))
            ends[place] = LogEnd(end.offset + 1, end.lines + record.count)
        return ends, rows

    def _store_watermark(self, collector: str, low_watermark_ms: int) -> None:
        if collector != self._collector:
            # One collector writes this file: rows of other names are its dead predecessors'.
            self._connection.execute("DELETE FROM watermarks WHERE collector <> ?", (collector,))
            self._collector = collector
        self._connection.execute("INSERT OR REPLACE INTO watermarks VALUES (?, ?)", (collector, low_watermark_ms))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, on the disk when it ends; nothing of a failed one stays."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LogUnavailable(f"{self.path}: {error}") from error
        finally:
            if self._connection.in_transaction:
                self._roll_back()

    def _roll_back(self) -> None:
        # The next watermark must clear old rows again: the clearing is rolled back too.
        self._collector = ""
        # Where SQLite cannot even roll back now, it does so before the next transaction.
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")
