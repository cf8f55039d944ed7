"""Keeps one trouble from filling the log: of lines that differ in their values only, a few in ten seconds.

Does not format; the first line after a silence says how many were left out.
"""

import logging
import threading
import time
from collections.abc import Callable

WINDOW_SECONDS = 10.0
MOST_IN_A_WINDOW = 3
_MOST_KNOWN = 1_000

Key = tuple[str, int, str]


class Repetitions(logging.Filter):
    """Tells lines apart by logger, level and text before its values are put in."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[Key, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        key = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        with self._lock:
            began, seen = self._windows.get(key, (now, 0))
            if now - began >= WINDOW_SECONDS:
                left_out, began, seen = max(0, seen - MOST_IN_A_WINDOW), now, 0
                if left_out:
                    record.left_out = left_out
            if len(self._windows) >= _MOST_KNOWN and key not in self._windows:
                self._windows.clear()
            self._windows[key] = (began, seen + 1)
        return seen < MOST_IN_A_WINDOW
