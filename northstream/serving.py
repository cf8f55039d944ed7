"""Serves an ASGI app on a socket that is open already, until told to stop.

Does not handle signals: the process decides when to stop.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn

from northstream.lifetime import Lifetime

KEEP_ALIVE_SECONDS = 75
"""Senders keep connections for a minute; a shorter time of ours would break requests that are on their way."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end the process by the signal instead of with code 0.

    `on_stop` is called with `stop`: whoever serves endless answers ends them then.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take no new connections, finish the open requests, then return from `run_on`."""
        self.should_exit = True
        self._on_stop()

    async def run_on(self, listening: socket.socket) -> None:
        """Serve until `stop`.

        Raises:
            ServerFailed: the app did not start, or serving ended by itself.
        """
        await self.serve([listening])
        if not self.should_exit or not self.started:
            raise ServerFailed("the HTTP server ended by itself; its log lines say why")


class ServerFailed(RuntimeError):
    """Serving has ended although nobody asked for it."""


def create_server(app: Any, drain_seconds: int, on_stop: Callable[[], None] = lambda: None) -> Server:
    """A server for the app. `drain_seconds` is how long open requests may take after `stop`."""
    return Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="auto",
            log_config=None,
            # Access lines would hold query strings.
            access_log=False,
            server_header=False,
            # A header that anybody may send must not decide who the peer is.
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=drain_seconds,
        ),
        on_stop,
    )


@contextlib.asynccontextmanager
async def served(
    app: Any, listening: socket.socket, drain_seconds: int, on_stop: Callable[[], None] = lambda: None
) -> AsyncIterator["asyncio.Task[None]"]:
    """Serve within the block, then finish open requests; the socket is closed. Gives the task that serves."""
    server = create_server(app, drain_seconds, on_stop)
    serving = asyncio.create_task(server.run_on(listening))
    try:
        yield serving
    finally:
        server.stop()
        await serving


async def serve(
    app: Any,
    listening: socket.socket,
    lifetime: Lifetime,
    drain_seconds: int,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve until the process is told to stop or something fails; open requests are finished."""
    async with served(app, listening, drain_seconds, on_stop) as serving:
        await lifetime.first_end_of(serving)
