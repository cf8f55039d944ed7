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
        """Tick until cancelled. Raises StoodStill: see `check`."""
        while True:
            self.check()
            self._last = self._clock()
            await asyncio.sleep(_TICK_SECONDS)

    def check(self) -> None:
        """Called before anything is written.

        Raises:
            StoodStill: a session has passed since the last tick; others own the partitions by now.
        """
        if self.session_seconds is not None and self._silent() > self.session_seconds:
            raise StoodStill(f"the event loop stood still for {self._silent():.1f} s")

    @property
    def is_in_group(self) -> bool:
        return self.session_seconds is not None

    def is_late(self) -> bool:
        """Whether half a session has passed since the last tick: better to write nothing before the next."""
        return self.session_seconds is not None and self._silent() > self.session_seconds / 2

    def start(self) -> None:
        """Count from now on."""
        self._last = self._clock()

    def _silent(self) -> float:
        return self._clock() - self._last
