"""Wakes the alerter's loop from any thread, and tells it to end.

Does not do anything by itself.
"""

import asyncio
import threading


class Bell:
    """`ring` and `stop` from any thread at any time, the rest from the loop that `listen` was called in."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def ring(self) -> None:
        with self._mutex:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._rung.set)

    def stop(self) -> None:
        """For good."""
        self._stopped.set()
        self.ring()

    def listen(self) -> None:
        """The running loop is the one to wake."""
        with self._mutex:
            self._loop, self._rung = asyncio.get_running_loop(), asyncio.Event()

    def close(self) -> None:
        """The loop ends: nobody is to wake it."""
        with self._mutex:
            self._loop = None

    def sleep(self, seconds: float) -> None:
        """Block the thread so long, or until all is stopped."""
        self._stopped.wait(seconds)

    async def wait(self, seconds: float) -> None:
        """Until somebody rings or has rung since the last wait, at most so long."""
        if self.is_stopped:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()
