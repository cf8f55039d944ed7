"""ClickHouse's HTTP interface over the embedded engine, as an ASGI application.

Does not bind a port and opens no database: the caller serves it (on loopback) and hands the engine in.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from warehouse.face_bodies import deflate, to_blocks
from warehouse.face_engine import FaceEngine, FaceQuery
from warehouse.face_errors import FaceError
from warehouse.face_held import HeldResponse
from warehouse.face_large import LargeResponse
from warehouse.face_replies import Connection, FaceResult, LargeReply
from warehouse.face_request import (
    MAX_READER_BODY_BYTES,
    MAX_WRITER_BODY_BYTES,
    READER,
    Access,
    face_query,
    is_on,
    is_writer,
    query_id,
    read_body,
)
from warehouse.face_settings import READER_LIMITS

WAIT_FOR_TURN_SECONDS = 10.0

READER_TURNS = 3
"""Statements of the read-only user that run or send their reply at once, whoever asks: its memory is bounded by
statement and reply, and the engine knows one user only, so that a bound of the engine's over all of them would count
our own work too."""

WAIT_FOR_READER_TURN_SECONDS = float(READER_LIMITS["max_execution_time"])

SLOW_READER_SECONDS = 10.0
"""How long a client of the read-only user may take nothing of its reply before it gets no more of it."""


def create_face(
    open_connection: Callable[[], Connection],
    *,
    writer_user: str = "northstream_writer",
    writer_password: str | None = None,
    default_database: str = "northstream",
    max_connections: int = 8,
    open_to_network: bool = False,
    slow_reader_seconds: float = SLOW_READER_SECONDS,
) -> Starlette:
    """The application.

    Args:
        open_connection: opens a fresh read-write connection of the engine (`chdb.connect(path)`); called once
            per request, from several threads; the face closes it, and makes it read-only for the default user.
        writer_user: name of the user that may write.
        writer_password: its password; None: nobody writes.
        default_database: current for clients that name none.
        max_connections: statements that run at once; others wait up to ten seconds for a turn. Of the read-only user's
            at most three run at once; others wait up to half a minute.
        open_to_network: let the read-only user in without credentials from beyond loopback too.
        slow_reader_seconds: how long a client of the read-only user may take nothing of its reply.
    """
    access = Access(writer_user, writer_password, open_to_network)
    face = _Face(FaceEngine(open_connection, default_database), access, max_connections, slow_reader_seconds)
    return Starlette(
        routes=[
            Route("/", face.answer, methods=["GET", "POST"]),
            Route("/ping", _say_ok, methods=["GET"]),
            Route("/replicas_status", _say_ok, methods=["GET"]),
        ]
    )


async def _say_ok(request: Request) -> Response:
    return PlainTextResponse("Ok.\n")


class _Face:
    """Answers requests, a bounded number of them at once."""

    def __init__(self, engine: FaceEngine, access: Access, max_connections: int, slow_reader_seconds: float) -> None:
        self._engine = engine
        self._access = access
        self._turns = asyncio.Semaphore(max_connections)
        self._reader_turns = asyncio.Semaphore(READER_TURNS)
        self._slow_reader_seconds = slow_reader_seconds

    async def answer(self, request: Request) -> Response:
        identity = query_id(request)
        try:
            writer = is_writer(request, self._access)
        except FaceError as error:
            return await self._failure(error, identity)
        try:
            body = await read_body(request, MAX_WRITER_BODY_BYTES if writer else MAX_READER_BODY_BYTES)
            query = face_query(request, body, writer)
            if not query.body and request.method != "POST":
                return await _say_ok(request)
            async with AsyncExitStack() as turns:
                await self._wait_for_turn(query, turns)
                # In a thread; what a client that went away has asked still ends by its time limit and frees its turn.
                result = await run_in_threadpool(self._engine.run, query)
                headers = await self._headers(identity, self._access.writer_user if writer else READER)
                if isinstance(result, LargeReply):
                    return LargeResponse(result, headers, turns.pop_all(), is_on(request.query_params, "compress"))
                # In a thread, too: a large reply takes long to compress.
                response = await run_in_threadpool(_success, request, result, headers)
                if not writer:
                    return HeldResponse(response, turns.pop_all(), self._slow_reader_seconds)
            return response
        except FaceError as error:
            return await self._failure(error, identity, is_on(request.query_params, "compress"))
        except ClientDisconnect:
            # Half a statement is none; nobody is left to read an answer.
            return Response(status_code=400)

    async def _wait_for_turn(self, query: FaceQuery, turns: AsyncExitStack) -> None:
        if not query.writer:
            await turns.enter_async_context(_turn(self._reader_turns, WAIT_FOR_READER_TURN_SECONDS))
        await turns.enter_async_context(_turn(self._turns, WAIT_FOR_TURN_SECONDS))

    async def _failure(self, error: FaceError, identity: str, in_blocks: bool = False) -> Response:
        """The error's text; clients that asked for compressed blocks expect it in one, too."""
        headers = await self._headers(identity, READER)
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        text = error.body((await run_in_threadpool(lambda: self._engine.facts)).version)
        body = to_blocks(text) if in_blocks else text
        return Response(body, error.status, headers, media_type="text/plain; charset=UTF-8")

    async def _headers(self, identity: str, user: str) -> dict[str, str]:
        facts = await run_in_threadpool(lambda: self._engine.facts)
        return {
            "X-ClickHouse-Query-Id": identity,
            "X-ClickHouse-Server-Display-Name": facts.display_name,
            "X-ClickHouse-Timezone": facts.timezone,
            "X-ClickHouse-User": user,
        }


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore, wait_seconds: float) -> AsyncIterator[None]:
    """Held inside; raises FaceError if none comes free in time."""
    try:
        await asyncio.wait_for(turns.acquire(), wait_seconds)
    except TimeoutError as error:
        detail = "Too many simultaneous queries; no turn came free in time."
        raise FaceError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", detail) from error
    try:
        yield
    finally:
        turns.release()


def _success(request: Request, result: FaceResult, headers: dict[str, str]) -> Response:
    data = result.data
    headers["X-ClickHouse-Format"] = result.format
    headers["X-ClickHouse-Summary"] = _summary(result)
    if is_on(request.query_params, "compress"):
        data = to_blocks(data)
    elif is_on(request.query_params, "enable_http_compression"):
        data, coding = deflate(data, request.headers.get("accept-encoding", ""))
        if coding:
            headers["Content-Encoding"] = coding
    headers["Content-Type"] = result.content_type
    return Response(data, 200, headers)


def _summary(result: FaceResult) -> str:
    """Counts as strings, as clients expect them."""
    counts = {
        "read_rows": result.read_rows,
        "read_bytes": result.read_bytes,
        "written_rows": result.written_rows,
        "written_bytes": result.written_bytes,
        "total_rows_to_read": result.read_rows,
        "result_rows": result.result_rows or result.written_rows,
        "result_bytes": len(result.data) or result.written_bytes,
        "elapsed_ns": round(result.elapsed_seconds * 1e9),
    }
    return json.dumps({name: str(count) for name, count in counts.items()}, separators=(",", ":"))
