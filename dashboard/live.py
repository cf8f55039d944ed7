"""The live board's feed: looked at once for all viewers, sent to each as server-sent events when it changed.

Does not build sections: see `board`. Looks at nothing while nobody watches.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from dashboard.board import BoardSource, Section
from dashboard.json_answers import dumps
from dashboard.moments import WorkspaceClock
from dashboard.reading import Reader
from schemas.reading import ReadingUnavailable

TICK_SECONDS = 0.5
REST_PER_LOOK = 4.0
"""A section rests this many times as long as its look took: the board never has the warehouse for itself."""

HEARTBEAT_SECONDS = 15.0
"""Silence never lasts longer, so that proxies keep the connection and pages notice a dead one."""

STATUS = "status"
"""The section that tells whether the warehouse answers; the others stay as they were while it does not."""


log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sent:
    """A section as it was last built: its JSON, the number of that change, and when it is looked at again."""

    content: bytes = b""
    change: int = 0
    due: float = field(default=float("-inf"))


class LiveFeed:
    """Keeps the latest JSON of each section while there are viewers.

    Every change has a running number; a viewer is sent the sections whose number is above the last it saw.
    """

    def __init__(self, source: BoardSource, clock: WorkspaceClock, reader: Reader, sections: Sequence[Section]) -> None:
        self._source = source
        self._clock = clock
        self._reader = reader
        self._sections = sections
        self._sent = {name: _Sent() for name in (STATUS, *(section.name for section in sections))}
        self._changes = 0
        self._news = asyncio.Event()
        self._viewers = 0
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def snapshot(self) -> dict[str, bytes]:
        """Every section now, as JSON.

        Raises:
            Failure: 503 when the warehouse stays away.
        """
        today = self._clock.today()
        return {
            section.name: dumps(await self._reader.ask(section.build, self._source, today))
            for section in self._sections
        }

    async def watch(self) -> AsyncIterator[bytes]:
        """Server-sent events: every section at once, then each as it changes.

        Ends when the feed is closed, and when looking failed for a reason unforeseen: the page comes back and so
        starts it again.
        """
        self._enter()
        try:
            seen = 0
            yield b"retry: 1000\n\n"
            while self._is_looking():
                fresh = [(name, sent) for name, sent in self._sent.items() if sent.change > seen]
                seen = self._changes
                for name, sent in fresh:
                    yield b"event: " + name.encode() + b"\ndata: " + sent.content + b"\n\n"
                if not await self._wait_beyond(seen):
                    yield b"event: beat\ndata: {}\n\n"
        finally:
            self._leave()

    async def close(self) -> None:
        """End every stream, so that a server that drains need not wait for its viewers."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        self._tell()

    def _enter(self) -> None:
        self._viewers += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
            self._looking.add_done_callback(self._on_end_of_looking)

    def _on_end_of_looking(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("the live board stopped looking", exc_info=task.exception())
        self._tell()

    def _is_looking(self) -> bool:
        return not self._closed and self._looking is not None and not self._looking.done()

    def _leave(self) -> None:
        self._viewers -= 1
        if self._viewers == 0 and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _wait_beyond(self, seen: int) -> bool:
        """Wait for a change after `seen` or the end of looking; False when there was neither for a heartbeat."""
        if self._changes > seen or not self._is_looking():
            return True
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        """Wake every viewer that waits."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self._look()
                self._keep(STATUS, b'{"available":true}')
            except ReadingUnavailable:
                self._keep(STATUS, b'{"available":false}')
            await asyncio.sleep(TICK_SECONDS)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        today = self._clock.today()
        for section in self._sections:
            sent = self._sent[section.name]
            began = loop.time()
            if began < sent.due:
                continue
            content = dumps(await self._reader.once(section.build, self._source, today))
            sent.due = began + max(section.every_seconds, REST_PER_LOOK * (loop.time() - began))
            self._keep(section.name, content)

    def _keep(self, name: str, content: bytes) -> None:
        sent = self._sent[name]
        if sent.content != content:
            self._changes += 1
            sent.content, sent.change = content, self._changes
            self._tell()
