"""The protocol of the durable log, which the embedded log and the Kafka driver both keep.

Does not implement it: see `stream.log`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.topics import LogEnd, Record, StoredRecord, Topic


class LogUnavailable(Exception):
    """The log cannot take or give records now (disk full, I/O error, broker away); retry later."""


class LogAppender(Protocol):
    """The writing end, used from one committing thread."""

    @property
    def partitions(self) -> int:
        """Number of partitions of `events` (and `handoffs`), fixed for the log's life."""
        ...

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        """Append all records or none, durably, in order; return their offsets.

        `low_watermark_ms` says that this collector will append nothing more whose
        `received_ms` lies before it; it is stored with the same commit.

        Raises:
            LogUnavailable: nothing was promised; the caller may try again.
        """
        ...

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        """Store a collector's low watermark alone (while idle)."""
        ...


class LogReader(Protocol):
    """The reading end; safe to use from several threads."""

    @property
    def partitions(self) -> int: ...

    def read(self, topic: Topic, partition: int, offset: int, max_records: int = 64) -> list[StoredRecord]:
        """Records from `offset` on, in order; empty at the end.

        Raises:
            LookupError: `offset` lies before the first retained record.
        """
        ...

    def starts(self, topic: Topic) -> Mapping[int, int]:
        """First retained offset per partition."""
        ...

    def ends(self, topic: Topic) -> Mapping[int, LogEnd]:
        """The end of each partition, durable appends only."""
        ...

    def lines_before(self, topic: Topic, partition: int, offset: int) -> int:
        """Lines appended before `offset` (which may be the end)."""
        ...

    def first_appended_ms(self, topic: Topic, partition: int, offset: int) -> int | None:
        """When the record at `offset` was appended; None at the end."""
        ...

    def low_watermarks(self) -> Mapping[str, int]:
        """Low watermark (Unix ms) of each living collector, by name."""
        ...
