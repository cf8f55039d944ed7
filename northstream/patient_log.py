"""The log's writing end for a collector that may start while the log cannot be opened, as when the disk is full.

Does not wait: until the log is open each use is refused, so that senders hear so at once, and tries to open it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

from schemas.log import LogUnavailable
from schemas.topics import Record
from stream.log.local import LocalLog


class PatientLog:
    """Implements `schemas.log.LogAppender`; may be used from several threads."""

    def __init__(self, open_log: Callable[[], LocalLog], partitions: int) -> None:
        """Try to open the log, which has `partitions`.

        Raises:
            UserError: it has another number of partitions.
        """
        self.partitions = partitions
        self._open = open_log
        self._lock = Lock()
        self._log: LocalLog | None = None
        with suppress(LogUnavailable):
            self.opened()

    def opened(self) -> LocalLog:
        """The open log. May raise `LogUnavailable`."""
        with self._lock:
            if self._log is None:
                self._log = self._open()
            return self._log

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        return self.opened().append(records, low_watermark_ms)

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        self.opened().advance(collector, low_watermark_ms)

    def close(self) -> None:
        with self._lock:
            if self._log is not None:
                self._log.close()
