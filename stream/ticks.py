"""Notices that this process stood still: frozen, or its event loop blocked, while others may have taken its partitions.

Does not end anything but itself: its error ends the worker, which starts again from the claim.
"""

import asyncio
import time
from collections.abc import Callable

_TICK_SECONDS = 0.25


class StoodStill(RuntimeError):
    """This process did nothing for so long that its consumer group may have gone on without it."""


class LoopTicks:
    """`session_seconds` is how long the group waits for a member that is silent; None: there is no group."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.session_seconds: float | None = None
        self._clock = clock
        self._last = clock()

    async def run(self) -> None:
        """Tick until cancelled. Raises StoodStill: longer than a session lay between two ticks."""
        while True:
            self._check(1.0)
            self._last = self._clock()
            await asyncio.sleep(_TICK_SECONDS)

    def check(self) -> None:
        """Called before anything is written. Raises StoodStill: half a session has passed since the last tick."""
        self._check(0.5)

    def start(self) -> None:
        """Count from now on."""
        self._last = self._clock()

    def _check(self, sessions: float) -> None:
        silent = self._clock() - self._last
        if self.session_seconds is not None and silent > sessions * self.session_seconds:
            raise StoodStill(f"the event loop stood still for {silent:.1f} s")
