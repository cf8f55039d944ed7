"""Serves the engine's two HTTP faces in a thread with a loop of its own, so that a busy stream does not hold them up.

Does not build the apps.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop

from northstream.serving import Server, create_server

_DRAIN_SECONDS = 3

App = tuple[Any, socket.socket]


class ApiThread:
    """`failed` is set, with the cause in `error`, when serving ends by itself; `on_failure` is then called."""

    def __init__(
        self, apps: Sequence[App], close_streams: Callable[[], Awaitable[None]], on_failure: Callable[[Exception], None]
    ) -> None:
        self._apps = apps
        self._close_streams = close_streams
        self._on_failure = on_failure
        self._servers: list[Server] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End live streams, finish what is being answered, then end."""
        if self._loop is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop)
        self._thread.join(_DRAIN_SECONDS + 5)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            # The last frame of the thread: the process decides what its end means.
            self._on_failure(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._servers = [create_server(app, _DRAIN_SECONDS) for app, _ in self._apps]
        async with asyncio.TaskGroup() as tasks:
            for server, (_, listening) in zip(self._servers, self._apps, strict=True):
                tasks.create_task(server.run_on(listening))

    async def _stop(self) -> None:
        await self._close_streams()
        for server in self._servers:
            server.stop()
