"""The way to the engine: every path that is not the collector's own, over a Unix socket, streams included.

Does not answer anything itself, except that the engine is away.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx

from ingest.body import Receive, read_wire
from ingest.limits import Limits
from ingest.rejections import Reason, Rejection
from ingest.replies import Headers, Send
from schemas import request_ids

PEER_HEADER = b"x-northstream-peer"
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)
_NOT_PASSED_ON = _HOP_BY_HOP | {PEER_HEADER, request_ids.HEADER}
_NOT_PASSED_BACK = _HOP_BY_HOP | {b"date", b"server"}
_EVENT_STREAM = "text/event-stream"
_RETRY_SECONDS = 0.05
_ASK_SECONDS = 2.0


class EngineAway(Exception):
    """The engine does not answer now."""


class Engine:
    """A client of the engine's socket. A request waits `limits.engine_wait_seconds` for an engine that restarts."""

    def __init__(self, socket: Path, limits: Limits) -> None:
        self._limits = limits
        transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=None))
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url="http://engine",
            headers={"accept-encoding": "identity"},
            # No limit on reading: live streams are silent for as long as nothing happens.
            timeout=httpx.Timeout(None, connect=_ASK_SECONDS),
        )
        self._ending = asyncio.Event()

    def end_streams(self) -> None:
        """End every live stream, now and from now on, and wait for an absent engine no longer; other answers go on.

        Called in the event loop.
        """
        self._ending.set()

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(
        self, path: str, scope: MutableMapping[str, Any] | None = None, seconds: float = _ASK_SECONDS
    ) -> httpx.Response:
        """A short answer, now; what `scope` says of the reader is handed over, since not everyone may see everything.

        Raises:
            EngineAway: there is none.
        """
        try:
            return await self._client.get(path, headers=_headers(scope) if scope else None, timeout=seconds)
        except httpx.TransportError as error:
            raise EngineAway(str(error)) from error

    async def pass_on(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Hand a request over and its answer back, piece by piece as it comes.

        Raises:
            Rejection: the engine stayed away for longer than a request waits, or the body is too large.
            Disconnected: the sender went away before the body was whole.
        """
        async with self._open(scope, receive) as response:
            headers = [(name.lower(), value) for name, value in response.headers.raw]
            headers = [header for header in headers if header[0] not in _NOT_PASSED_BACK]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            # A reader who leaves a live stream must not keep it open in the engine.
            interruptions = [_until_gone(receive)]
            if response.headers.get("content-type", "").startswith(_EVENT_STREAM):
                interruptions.append(self._until_ending(send))
            await _first_of(_send_pieces(response, send), *interruptions)

    async def _until_ending(self, send: Send) -> None:
        """Wait for the end of streams; the answer is then whole, and its reader asks again as after any silence."""
        await self._ending.wait()
        await send({"type": "http.response.body", "body": b""})

    @contextlib.asynccontextmanager
    async def _open(self, scope: MutableMapping[str, Any], receive: Receive) -> AsyncIterator[httpx.Response]:
        method: str = scope["method"]
        body = None if method in ("GET", "HEAD") else await read_wire(receive, 0, self._limits)
        url = httpx.URL(scheme="http", host="engine", raw_path=_target(scope))
        request = self._client.build_request(method, url, headers=_headers(scope), content=body)
        response = await self._send_patiently(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send_patiently(self, request: httpx.Request) -> httpx.Response:
        """Send, and again while the engine restarts: a read, or what it cannot have begun to do."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.engine_wait_seconds
        while True:
            try:
                return await self._client.send(request, stream=True)
            except httpx.TransportError as error:
                may_repeat = isinstance(error, httpx.ConnectError) or request.method in ("GET", "HEAD")
                if not may_repeat or loop.time() >= deadline or self._ending.is_set():
                    wait = self._limits.retry_after_seconds
                    raise Rejection(Reason.ENGINE_UNAVAILABLE, "the engine does not answer now", wait) from None
            await asyncio.sleep(_RETRY_SECONDS)


def _target(scope: MutableMapping[str, Any]) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _headers(scope: MutableMapping[str, Any]) -> Headers:
    """The request's headers, its id, and who sent it: a peer named by the sender itself is not believed."""
    headers = [(name, value) for name, value in scope["headers"] if name not in _NOT_PASSED_ON]
    peer = scope.get("client")
    own = [(PEER_HEADER, (peer[0] if peer else "").encode()), (request_ids.HEADER, request_ids.current().encode())]
    return [*headers, *own]


async def _first_of(work: Any, *interruptions: Any) -> None:
    """Wait for any of them, end the others; errors of the work are passed on."""
    tasks = [asyncio.ensure_future(task) for task in (work, *interruptions)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[0]


async def _send_pieces(response: httpx.Response, send: Send) -> None:
    try:
        async for piece in response.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except httpx.TransportError:
        # The engine died in mid-answer: an answer that does not end tells the reader so.
        return
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
