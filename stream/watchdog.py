"""Ends a worker that has stopped moving although there is work: the next process starts from the last checkpoint.

Does not count time in which the warehouse or the log are away, or slow: a new process would have to wait for them too.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping

from schemas.log import LogUnavailable
from stream.owned import OwnedPartition

Ends = tuple[Mapping[int, int], Mapping[int, int]]
"""The ends of `events` and `handoffs`, by partition."""


class StandsStill(RuntimeError):
    """A position does not advance although the log goes on."""


class Watchdog:
    """`ends` reads the log's ends (blocking); `excuses` counts the rounds in which warehouse or log were away.

    `is_writing_long`: the warehouse is busy with a large checkpoint or publication, which may well succeed.
    """

    def __init__(
        self,
        owned: Callable[[], Mapping[int, OwnedPartition]],
        ends: Callable[[], Ends],
        excuses: Callable[[], int],
        is_writing_long: Callable[[], bool],
        limit_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._owned = owned
        self._ends = ends
        self._excuses = excuses
        self._is_writing_long = is_writing_long
        self._limit = limit_seconds
        self._clock = clock
        self._since: dict[str, tuple[int, float]] = {}
        self._excused = 0

    async def run(self) -> None:
        """Look now and then until cancelled. Raises StandsStill."""
        while True:
            await asyncio.sleep(self._limit / 12)
            try:
                ends = await asyncio.to_thread(self._ends)
            except LogUnavailable:
                self._since.clear()
                continue
            self.look(ends)

    def look(self, ends: Ends) -> None:
        """Compare with the looks before. Raises StandsStill: something stood still through all of them for too long."""
        now, excuses = self._clock(), self._excuses()
        if excuses != self._excused or self._is_writing_long():
            self._excused = excuses
            self._since.clear()
        behind = dict(self._behind(ends))
        self._since = {
            what: self._since[what] if self._since.get(what, (None,))[0] == position else (position, now)
            for what, position in behind.items()
        }
        for what, (position, since) in self._since.items():
            if now - since > self._limit:
                raise StandsStill(f"{what} stands at {position} for {now - since:.0f} s although the log goes on")

    def _behind(self, ends: Ends) -> Iterator[tuple[str, int]]:
        events, handoffs = ends
        for number, one in self._owned().items():
            if one.events < events[number]:
                yield f"events/{number}", one.events
            if one.handoffs < handoffs[number]:
                yield f"handoffs/{number}", one.handoffs
            published = sum(one.published) if one.published else 0
            if one.may_publish() and one.published != one.positions:
                yield f"the published head of partition {number}", published
