"""Sends a reply that is kept whole, and counts it as under way until its client has taken it.

Does not make replies. Without it clients that ask for much and read nothing would keep as many replies in memory as
they like.
"""

import asyncio
import logging
from contextlib import AsyncExitStack

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PIECE_BYTES = 1 << 18

log = logging.getLogger(__name__)


class HeldResponse(Response):
    """`turns` are held until the last piece but one is taken; who takes none for `patience_seconds` gets no more."""

    def __init__(self, response: Response, turns: AsyncExitStack, patience_seconds: float) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._turns = turns
        self._patience_seconds = patience_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send_pieces(send)
        except TimeoutError:
            # Without an end of the body the server breaks the connection, by which a client knows that it has half.
            log.warning("a client does not take its reply of %d bytes", len(self.body))
        finally:
            await self._turns.aclose()

    async def _send_pieces(self, send: Send) -> None:
        body = memoryview(self.body)
        for start in range(0, max(len(body), 1), _PIECE_BYTES):
            end = start + _PIECE_BYTES
            # The server waits with a piece until nearly all before it has gone out.
            async with asyncio.timeout(self._patience_seconds):
                piece = bytes(body[start:end])
                await send({"type": "http.response.body", "body": piece, "more_body": end < len(body)})
