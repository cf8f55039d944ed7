"""How long ago the youngest event of the self-watch was sent that has crossed the whole path on every partition.

Does not send them: see `northstream.parts.watching`.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

from schemas.log import LogReader, LogUnavailable
from schemas.reading import ReadingUnavailable
from warehouse.client import DATABASE, Warehouse

REMEMBERED_SECONDS = 1.0
"""However often it is asked, the warehouse is asked no more often than this."""

PATIENCE_SECONDS = 0.5
"""How long an answer may take; then what was known before is told, and the answer is kept for the next question."""

RECENT_SECONDS = 3.0
"""Whoever asks again and again, as the judge of rules does, waits for nothing while the last answer is so young."""

# What counts of each partition: the head of its latest owner, and the last range that is loaded.
_CROSSED = f"""
SELECT min(watched_ms), count() FROM (
    SELECT watched_ms FROM {DATABASE}.counter_heads WHERE partition < {{partitions:UInt32}}
    ORDER BY epoch DESC, nonce DESC, version DESC LIMIT 1 BY partition
    UNION ALL
    SELECT watched_ms FROM {DATABASE}.load_ranges
    WHERE topic = 'events' AND state = 'done' AND partition < {{partitions:UInt32}}
    ORDER BY to_offset DESC, at DESC LIMIT 1 BY partition
) SETTINGS max_threads = 1
"""
_READERS = 2


class WatchReport:
    """Safe to use from several threads. It never waits for long: whether all is well must be told when nothing is."""

    def __init__(self, warehouse: Warehouse, events_log: LogReader, clock: Callable[[], int], is_on: bool) -> None:
        """`clock` gives Unix ms. `is_on`: whether anybody sends events of the self-watch."""
        self._warehouse = warehouse
        self._log = events_log
        self._began_ms = clock()
        self._is_on = is_on
        self._partitions = 0
        self._crossed_ms: int | None = None
        self._lock = Lock()
        self._asked_at = self._known_at = float("-inf")
        self._answered = Event()
        self._answered.set()

    def seconds(self, now_ms: int) -> float | None:
        """The age; None while nobody sends any. Where warehouse or log do not answer, it goes on from what was known.

        As long as some partition has never seen one it is counted from the start of this process, so that a watch that
        never begins is noticed like one that stops. A clock that lies behind the sender's makes it 0, not less.
        """
        if not self._is_on:
            return None
        answered, is_recent = self._ask(), time.monotonic() - self._known_at <= RECENT_SECONDS
        if not is_recent:
            answered.wait(PATIENCE_SECONDS)
        since_ms = self._began_ms if self._crossed_ms is None else self._crossed_ms
        return max(0, now_ms - since_ms) / 1000

    def _ask(self) -> Event:
        """Set once what is known is as new as it has to be; one question is under way at a time."""
        with self._lock:
            if self._answered.is_set() and time.monotonic() - self._asked_at >= REMEMBERED_SECONDS:
                self._asked_at = time.monotonic()
                self._answered = answered = Event()
                Thread(target=self._read, args=(answered,), name="watch", daemon=True).start()
            return self._answered

    def _read(self, answered: Event) -> None:
        try:
            with suppress(ReadingUnavailable, LogUnavailable):
                began = time.monotonic()
                self._crossed_ms = self._find_crossed() or self._crossed_ms
                self._known_at = began
        finally:
            answered.set()

    def _find_crossed(self) -> int | None:
        """When the youngest was sent that has crossed everywhere; None: somewhere none has."""
        self._partitions = self._partitions or self._log.partitions
        crossed_ms, found = self._warehouse.rows(_CROSSED, {"partitions": self._partitions})[0]
        return crossed_ms if found == _READERS * self._partitions else None
