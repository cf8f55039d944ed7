"""Asks the warehouse from async code: in a small thread pool, with patience while the engine restarts.

Does not cache: an answer is as fresh as its request, or `lag_events` = 0 could be followed by an older number.
"""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from dashboard.failures import Failure, Reason
from schemas.reading import ReadingUnavailable

PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.1
THREADS = 4
"""Questions to the warehouse at a time; the next ones queue."""

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """Runs blocking report calls off the event loop."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._limiter = CapacityLimiter(THREADS)

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, as soon as there is one; a slow answer is waited for.

        Raises:
            Failure: 503 when the warehouse stays away for the whole patience.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return await self.once(question, *args, **kwargs)
            except ReadingUnavailable:
                if time.monotonic() + RETRY_SECONDS > deadline:
                    raise Failure(Reason.UNAVAILABLE, "The warehouse does not answer; try again") from None
            await asyncio.sleep(RETRY_SECONDS)

    async def once(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, or the `ReadingUnavailable` of a single attempt."""
        return await to_thread.run_sync(
            lambda: question(*args, **kwargs), limiter=self._limiter, abandon_on_cancel=True
        )
