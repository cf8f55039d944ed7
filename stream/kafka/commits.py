"""Tells the consumer group how far the checkpoints are: a courtesy to tools that show lag, and a sign of life.

Does not decide where reading starts: positions come from the headers. A commit that is refused changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from faust.types import TP

from schemas.topics import Topic

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 15.0
"""How long one commit may take before it is said aloud."""


class CommitsStopped(RuntimeError):
    """Checkpoints go on but the group takes no commits: the consumer is sick, and a new process mends it."""


class GroupCommits:
    """Commits the latest positions, one commit at a time, beside everything else; what is refused is tried again."""

    def __init__(
        self,
        app: Any,
        limit_seconds: float = 60.0,
        pause_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limit = limit_seconds
        self._pause = pause_seconds
        self._clock = clock
        self._due: dict[TP, int] = {}
        self._wake = asyncio.Event()
        self._behind_since: float | None = None

    async def note(self, stored: Mapping[tuple[Topic, int], int]) -> None:
        """These positions are durable.

        Raises:
            CommitsStopped: commits have been tried for long, and none has succeeded since.
        """
        self._due.update({TP(self._app.topic_prefix + topic, number): at for (topic, number), at in stored.items()})
        behind = self._clock() - self._behind_since if self._behind_since is not None else 0.0
        if behind > self._limit:
            raise CommitsStopped(f"no offsets could be committed for {behind:.0f} s")
        self._wake.set()

    async def run(self) -> None:
        """Commit what is noted until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._ours(self._due), {}
            if not due:
                self._behind_since = None
                continue
            if self._behind_since is None:
                self._behind_since = self._clock()
            committing = asyncio.ensure_future(self._app.consumer._commit_offsets(due))
            # Not cancelled when it is slow: the consumer's thread would fill in an answer that nobody holds.
            while not (await asyncio.wait((committing,), timeout=_PATIENCE_SECONDS))[0]:
                log.warning("offsets are not committed yet: the broker does not answer")
            if committing.result():
                self._behind_since = None
            else:
                log.info("the group has taken no offsets: it shares out partitions, or ours were given to others")
                self._due = {**due, **self._due}
                await asyncio.sleep(self._pause)
                self._wake.set()

    def _ours(self, due: Mapping[TP, int]) -> dict[TP, int]:
        """Those of others are theirs to commit."""
        assigned = self._app.consumer.assignment()
        return {tp: offset for tp, offset in due.items() if tp in assigned}
