"""The way to the engine: every path that is not the collector's own, over a Unix socket, streams included.

Does not answer anything itself, except that the engine is away.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx

from ingest.body import Receive
from ingest.rejections import Reason, Rejection
from ingest.replies import Headers, Send

PEER_HEADER = b"x-northstream-peer"
_HOP_BY_HOP = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
        b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
_RETRY_SECONDS = 0.05
_ASK_SECONDS = 2.0


class EngineAway(Exception):
    """The engine does not answer now."""


class Engine:
    """A client of the engine's socket. `wait_seconds` is how long a request waits for a restarting engine."""

    def __init__(self, socket: Path, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=None))
        # No limit on reading: live streams are silent for as long as nothing happens.
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://engine", timeout=httpx.Timeout(None, connect=_ASK_SECONDS)
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, path: str) -> httpx.Response:
        """A short answer, now.

        Raises:
            EngineAway: there is none.
        """
        try:
            return await self._client.get(path, timeout=_ASK_SECONDS)
        except httpx.TransportError as error:
            raise EngineAway(str(error)) from error

    async def pass_on(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Hand a request over and its answer back, piece by piece as it comes.

        Raises:
            Rejection: the engine stayed away for longer than a request waits.
        """
        async with self._open(scope, receive) as response:
            headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOP_BY_HOP]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            pieces = asyncio.ensure_future(_send_pieces(response, send))
            gone = asyncio.ensure_future(_until_gone(receive))
            # A reader who leaves a live stream must not keep it open in the engine.
            await asyncio.wait((pieces, gone), return_when=asyncio.FIRST_COMPLETED)
            for task in (pieces, gone):
                if not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
            if not pieces.cancelled():
                pieces.result()

    @contextlib.asynccontextmanager
    async def _open(self, scope: MutableMapping[str, Any], receive: Receive) -> AsyncIterator[httpx.Response]:
        url = httpx.URL(scheme="http", host="engine", raw_path=_target(scope))
        has_body = scope["method"] not in ("GET", "HEAD")
        body = await _read_all(receive) if has_body else None
        request = self._client.build_request(scope["method"], url, headers=_headers(scope), content=body)
        response = await self._send_patiently(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send_patiently(self, request: httpx.Request) -> httpx.Response:
        """Send, and again while the engine restarts: only what it cannot have begun to do."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait_seconds
        while True:
            try:
                return await self._client.send(request, stream=True)
            except httpx.TransportError as error:
                is_safe = isinstance(error, httpx.ConnectError) or request.method in ("GET", "HEAD")
                if not is_safe or loop.time() >= deadline:
                    raise Rejection(Reason.ENGINE_UNAVAILABLE, "the engine does not answer now", 1) from None
            await asyncio.sleep(_RETRY_SECONDS)


def _target(scope: MutableMapping[str, Any]) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _headers(scope: MutableMapping[str, Any]) -> Headers:
    """The request's headers, and who sent it: a peer named by the sender itself is not believed."""
    dropped = _HOP_BY_HOP | {PEER_HEADER}
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    peer = scope.get("client")
    return [*headers, (PEER_HEADER, (peer[0] if peer else "").encode())]


async def _read_all(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        part = await receive()
        parts.append(part.get("body", b""))
        more = part.get("more_body", False)
    return b"".join(parts)


async def _send_pieces(response: httpx.Response, send: Send) -> None:
    async for piece in response.aiter_raw():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
