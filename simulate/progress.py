"""A progress bar on standard error: a moving line on a terminal, a line per tenth elsewhere.

Does not measure anything: it is told.
"""

import sys
import time
from typing import TextIO

from simulate.envelope import iso

_WIDTH = 30


class Progress:
    """Progress from one instant of simulated time to another."""

    def __init__(self, start_ms: int, end_ms: int, stream: TextIO = sys.stderr) -> None:
        self._start_ms, self._end_ms, self._stream = start_ms, max(end_ms, start_ms + 1), stream
        self._began = time.monotonic()
        self._messages = 0
        self._shown_tenth = -1
        self._shown_at = 0.0

    def advance(self, messages: int, until_ms: int) -> None:
        """So many more messages are stored, the last of them at this simulated instant."""
        self._messages += messages
        share = min(1.0, (until_ms - self._start_ms) / (self._end_ms - self._start_ms))
        now = time.monotonic()
        if self._stream.isatty() and now - self._shown_at >= 0.2:
            self._shown_at = now
            self._stream.write("\r" + self._line(share, until_ms, now))
        elif not self._stream.isatty() and int(share * 10) > self._shown_tenth:
            self._shown_tenth = int(share * 10)
            self._stream.write(self._line(share, until_ms, now) + "\n")
        self._stream.flush()

    def finish(self) -> None:
        """The whole way is done."""
        now = time.monotonic()
        start = "\r" if self._stream.isatty() else ""
        self._stream.write(f"{start}{self._line(1.0, self._end_ms, now)}\n")
        self._stream.write("The history is in; new events keep coming. Ctrl-C stops, the data stays.\n")
        self._stream.flush()

    def _line(self, share: float, until_ms: int, now: float) -> str:
        done = int(share * _WIDTH)
        bar = "█" * done + "·" * (_WIDTH - done)
        rate = self._messages / max(0.001, now - self._began)
        return f"history {bar} {share:4.0%}  {iso(until_ms)[:10]}  {self._messages:,} events  {rate:,.0f}/s "
