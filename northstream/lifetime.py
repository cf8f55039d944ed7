"""Until when a process of ours runs: told to stop by a signal, or something in it failed.

Does not start or end any part.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any


class Stopped(Exception):
    """The process was told to stop while it waited for something."""


class Lifetime:
    """Made within the event loop of the process. SIGTERM and SIGINT ask it to stop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)

    @property
    def is_stopping(self) -> bool:
        """Whether the process was told to stop."""
        return self._stop.is_set()

    def fail(self, error: Exception) -> None:
        """Something ended that should not; any thread may say so."""
        self._loop.call_soon_threadsafe(self._fail_once, error)

    async def first_end_of(self, *tasks: "asyncio.Task[Any]") -> None:
        """Wait until the process is told to stop or one task ends.

        Raises:
            Exception: what a task, or whoever called `fail`, ended with.
        """
        stopping = self._loop.create_task(self._stop.wait())
        try:
            await asyncio.wait((*tasks, stopping, self._failure), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        for task in (*tasks, self._failure):
            if task.done():
                task.result()

    async def rest(self, seconds: float) -> None:
        """Sleep; less if the process is told to stop meanwhile."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def close(self) -> None:
        self._failure.cancel()

    def _fail_once(self, error: Exception) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)


def live(
    main: Callable[[Lifetime], Awaitable[None]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    """Run the main part of a process in a loop of its own; its errors are raised."""

    async def run() -> None:
        lifetime = Lifetime()
        try:
            await main(lifetime)
        except Stopped:
            return
        finally:
            lifetime.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
