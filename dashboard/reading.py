"""Asks the warehouse from async code: in a small thread pool, with patience while the engine restarts.

Does not cache: an answer is as fresh as its request, or `lag_events` = 0 could be followed by an older number.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
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

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS, is_there: Callable[[], bool] | None = None) -> None:
        """`is_there` tells, within half the patience, whether the warehouse answers at all; it may block.

        It is asked beside questions that take long, so that a heavy one goes on and one to a warehouse that has
        stopped in its tracks does not. Without it the question's own errors decide.
        """
        self._patience = patience_seconds
        self._is_there = is_there
        self._limiter = CapacityLimiter(THREADS)
        self._probing: asyncio.Future[bool] | None = None

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, as soon as there is one; a slow answer is waited for as long as the warehouse is there.

        Raises:
            Failure: 503 when the warehouse stays away for the whole patience.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return await self._attempt(partial(question, *args, **kwargs), deadline)
            except ReadingUnavailable:
                if time.monotonic() + RETRY_SECONDS > deadline:
                    raise Failure(Reason.UNAVAILABLE, "The warehouse does not answer; try again") from None
            await asyncio.sleep(RETRY_SECONDS)

    async def once(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, or the `ReadingUnavailable` of a single attempt."""
        return await self._attempt(partial(question, *args, **kwargs), time.monotonic() + self._patience)

    async def _attempt(self, question: Callable[[], T], deadline: float) -> T:
        answer = asyncio.ensure_future(to_thread.run_sync(question, limiter=self._limiter, abandon_on_cancel=True))
        try:
            if self._is_there is not None:
                await self._watch(answer, self._is_there, deadline)
            return await answer
        finally:
            answer.cancel()

    async def _watch(self, answer: "asyncio.Future[T]", is_there: Callable[[], bool], deadline: float) -> None:
        """Return when there is an answer, or an error in its place.

        Raises:
            ReadingUnavailable: nothing came from the warehouse by the deadline, or for half the patience after it.
        """
        half = self._patience / 2
        await asyncio.wait((answer,), timeout=max(0.0, deadline - half - time.monotonic()))
        while not answer.done():
            # One for all questions that wait.
            if self._probing is None or self._probing.done():
                self._probing = asyncio.ensure_future(to_thread.run_sync(is_there, limiter=CapacityLimiter(1)))
            probing = self._probing
            await asyncio.wait((answer, probing), timeout=half, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done() and not (probing.done() and probing.result()):
                raise ReadingUnavailable("the warehouse does not answer")
            await asyncio.wait((answer,), timeout=half)
