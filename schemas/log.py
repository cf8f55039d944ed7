"""The protocol of the durable log, which the embedded log and the Kafka driver both keep.

Does not implement it: see `stream.log`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.topics import LogEnd, Record, StoredRecord, Topic


class LogUnavailable(Exception):
    """The log cannot take or give records now (disk full, I/O error, broker away); retry later."""


class LogCutShort(RuntimeError):
    """The log ends before what was read of it earlier: it has lost records, or is another one.

    Whoever goes on would pass over the next records without a word, since it takes them for those that it has read.
    """


def check_reaches(topic: Topic, ends: Mapping[int, int], positions: Mapping[int, int]) -> None:
    """Hold positions (by partition, read before the ends) against the ends of the log.

    Raises:
        LogCutShort: a position lies beyond its end; nothing may be read from there.
    """
    for partition, position in positions.items():
        end = ends.get(partition, 0)
        if position > end:
            raise LogCutShort(
                f"{topic}/{partition} ends at offset {end}, but everything before {position} was read from it earlier:"
                " is this the log of this warehouse? (KAFKA, KAFKA_PREFIX) If so, it has lost records: see Backup in"
                " docs/operations.md"
            )


class LogAppender(Protocol):
    """The writing end. A collector appends from one thread; a worker's hand-offs may come from several."""

    @property
    def partitions(self) -> int:
        """Number of partitions of `events` (and `handoffs`), fixed for the log's life."""
        ...

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        """Append in order, durably; return the offsets of all records when all of them are safe.

        `low_watermark_ms` says that this collector will append nothing more whose `received_ms` lies before it.
        Readers never see it before the records; they see it soon, at the latest after the next `advance`.

        Raises:
            LogUnavailable: nothing was promised; the caller may try again. Some of the records may be in the log all
                the same (on Kafka; the embedded log keeps all or none), as they may be after a kill: copies are
                harmless.
            KeyError: a record names a partition that the log does not have; nothing is stored.
        """
        ...

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        """Store a collector's low watermark alone (while idle); readers see it when this returns.

        Raises:
            LogUnavailable: it may be stored or not; try again.
        """
        ...


class LogReader(Protocol):
    """The reading end; safe to use from several threads.

    What is not a record of ours comes out as a poison record (`schemas.topics.Record.is_poison`), never as an error.
    Lines are counted for people: whether a reader stands at the end is decided by offsets alone. Of lines only
    differences mean something, and of one reader object. They are exact in a log that was read from its beginning,
    and near what was read or asked before; far from that (on Kafka) they are an estimate. Every method may raise
    LogUnavailable.
    """

    @property
    def partitions(self) -> int: ...

    def read(self, topic: Topic, partition: int, offset: int, max_records: int = 64) -> list[StoredRecord]:
        """Records from `offset` on, in order: some of what is there, and none only at the end.

        Raises:
            LookupError: `offset` lies before the first retained record.
        """
        ...

    def starts(self, topic: Topic) -> Mapping[int, int]:
        """First retained offset per partition."""
        ...

    def ends(self, topic: Topic) -> Mapping[int, LogEnd]:
        """The end of each partition, durable appends only; on Kafka records are read to count their lines."""
        ...

    def end_offsets(self, topic: Topic) -> Mapping[int, int]:
        """The next offset of each partition as `ends` tells it, without lines: cheap wherever the log is."""
        ...

    def has_only_watch(self, topic: Topic, partition: int, first: int, end: int) -> bool:
        """Whether every record from offset `first` up to, not including, `end` is the self-watch's.

        On Kafka they are read: for a few of them.
        """
        ...

    def lines_before(self, topic: Topic, partition: int, offset: int) -> int:
        """Lines appended before `offset` (which may be the end)."""
        ...

    def first_appended_ms(self, topic: Topic, partition: int, offset: int) -> int | None:
        """When the record at `offset` was appended; None at the end."""
        ...

    def low_watermarks(self) -> Mapping[str, int]:
        """Low watermark (Unix ms) of each living collector, by name.

        A collector's new start replaces the one before, whose word stands until then. One that has closed its log,
        or (where many collectors share a log) has been silent for two minutes, is left out.
        """
        ...
