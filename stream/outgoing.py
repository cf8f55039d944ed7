"""Hand-offs on their way: all that waits is appended in one go, and a snapshot can wait until it is durable.

Does not decide what is handed off: see `stream.core.identity`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from schemas.log import LogAppender, LogUnavailable
from schemas.partitioning import person_partition
from schemas.topics import MAX_BLOCK_BYTES, MAX_BLOCK_EVENTS, Kind, Record, Topic
from stream.core.handoffs import Handoff, MovedState, encode_handoffs

MAX_WAITING = 20_000
"""Hand-offs that may wait before those who add more wait too."""

RETRY_SECONDS = 0.2
_ENVELOPE_BYTES = 300
_ENTRY_BYTES = 60
"""Generous sizes of a hand-off without its state, and of a funnel entry that comes with one, for cutting blocks."""

_SAY_AGAIN_SECONDS = 60.0

log = logging.getLogger(__name__)


class HandoffsEnded(RuntimeError):
    """The task that appends hand-offs has ended: nobody may wait for it, and no checkpoint may be taken."""


class Outgoing:
    """A queue with one task that appends; order per target partition is kept.

    `check` is called before each append and raises if this process must not write any more.
    """

    def __init__(self, log: LogAppender, check: Callable[[], None] = lambda: None) -> None:
        self._log = log
        self._check = check
        self._waiting: list[Handoff] = []
        self.added = 0
        """How many hand-offs were ever queued."""
        self._durable = 0
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._has_ended = False

    def add(self, handoffs: Iterable[Handoff]) -> None:
        """Queue for appending; not durable before `drain` returns."""
        before = len(self._waiting)
        self._waiting.extend(handoffs)
        self.added += len(self._waiting) - before
        self._wake.set()

    async def make_room(self) -> None:
        """Wait while too much waits. May raise HandoffsEnded."""
        while self.added - self._durable > MAX_WAITING:
            await self._wait_for_progress()

    async def drain(self) -> None:
        """Wait until everything added before this call is durable. May raise HandoffsEnded."""
        target = self.added
        while self._durable < target:
            await self._wait_for_progress()

    async def run(self) -> None:
        """Append until cancelled. While the log cannot take records, try again and again: nothing is dropped."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._waiting = self._waiting, []
                if batch:
                    await self._append(blocks(batch, self._log.partitions))
                    self._durable += len(batch)
                    self._tell()
        finally:
            self._has_ended = True
            self._tell()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _wait_for_progress(self) -> None:
        if self._has_ended:
            raise HandoffsEnded("hand-offs are appended no more; what waits is made anew from the last checkpoint")
        await self._moved.wait()

    async def _append(self, records: list[Record]) -> None:
        said_at = -_SAY_AGAIN_SECONDS
        while True:
            self._check()
            try:
                await asyncio.to_thread(self._log.append, records)
                return
            except LogUnavailable as error:
                if time.monotonic() - said_at >= _SAY_AGAIN_SECONDS:
                    log.warning("hand-offs cannot be appended yet: %s", error)
                    said_at = time.monotonic()
                await asyncio.sleep(RETRY_SECONDS)


def blocks(handoffs: Iterable[Handoff], partitions: int) -> list[Record]:
    """Hand-offs as records for the partitions of their persons, cut at the size of a block."""
    by_partition: dict[int, list[Handoff]] = {}
    for handoff in handoffs:
        by_partition.setdefault(person_partition(handoff.to, partitions), []).append(handoff)
    return [
        Record(Topic.HANDOFFS, partition, Kind.HANDOFFS, len(block), encode_handoffs(block))
        for partition, due in by_partition.items()
        for block in _cut(due)
    ]


def _cut(handoffs: list[Handoff]) -> Iterable[list[Handoff]]:
    block: list[Handoff] = []
    size = 0
    for handoff in handoffs:
        bytes_more = _ENVELOPE_BYTES
        if isinstance(handoff, MovedState):
            bytes_more += len(handoff.state) + _ENTRY_BYTES * len(handoff.entries or ())
        if block and (len(block) >= MAX_BLOCK_EVENTS or size + bytes_more > MAX_BLOCK_BYTES):
            yield block
            block, size = [], 0
        block.append(handoff)
        size += bytes_more
    yield block
