"""The last resort of routing: a path that nobody here knows goes to the engine, if there is one.

Does not talk to the engine itself: see `ingest.engine`.
"""

from collections.abc import MutableMapping
from typing import Any

from ingest.body import Disconnected, Receive
from ingest.engine import Engine
from ingest.rejections import Reason, Rejection
from ingest.replies import Send, refuse


class PassOn:
    """An ASGI app. Nothing below /v1/ is the engine's: those who mistype a route learn it at once."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        try:
            if self._engine is None or scope["path"].startswith("/v1/"):
                raise Rejection(Reason.UNKNOWN_ROUTE, "there is nothing at this path")
            await self._engine.pass_on(scope, receive, send)
        except Rejection as rejection:
            await refuse(send, rejection, None)
        except Disconnected:
            return
