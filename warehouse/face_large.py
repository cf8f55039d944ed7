"""Sends a large reply of the HTTP face as it comes, as fast as its client reads, so that it needs no memory.

Does not know a status of its end: a statement that fails half way is a connection that breaks, as on a server.
"""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from warehouse.face_bodies import to_blocks
from warehouse.face_errors import FaceError
from warehouse.face_replies import LargeReply

log = logging.getLogger(__name__)


class LargeResponse(Response):
    """`turns` are held until the last piece is sent or the client has gone."""

    def __init__(self, reply: LargeReply, headers: Mapping[str, str], turns: AsyncExitStack, in_blocks: bool) -> None:
        own = {"X-ClickHouse-Format": reply.form.format, "Content-Type": reply.form.content_type}
        super().__init__(status_code=200, headers={**headers, **own})
        del self.headers["content-length"]
        self._reply = reply
        self._turns = turns
        self._in_blocks = in_blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send_pieces(Request(scope, receive), send)
        finally:
            self._reply.close()
            await self._turns.aclose()

    async def _send_pieces(self, request: Request, send: Send) -> None:
        piece = self._reply.head
        while piece:
            body = to_blocks(piece) if self._in_blocks else piece
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if await request.is_disconnected():
                return
            try:
                piece = await run_in_threadpool(self._reply.next_piece)
            except FaceError as error:
                # Without an end of the body the server breaks the connection, by which the client knows.
                # The engine's own words quote the statement, which may hold people's data.
                log.warning("a reply broke half way", extra={"code": error.code})
                return
        await send({"type": "http.response.body", "body": b""})
