"""What a role with a port answers while it waits for servers that it needs.

Does not wait itself: see `northstream.waiting`.
"""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from northstream.launch import Launch
from northstream.lifetime import Lifetime
from northstream.serving import served
from northstream.waiting import Patience, wait_for

RETRY_AFTER_SECONDS = 1
_DRAIN_SECONDS = 1

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)

T = TypeVar("T")


class WaitingApp:
    """An ASGI app: alive, not ready, and 503 with Retry-After on every other path."""

    def __init__(self, missing: Callable[[], str]) -> None:
        """`missing`: a sentence about what is waited for."""
        self._missing = missing

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            await _reply(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            await _reply(send, 503, {"status": "waiting", "waiting_for": [self._missing()]})
        else:
            await _reply(send, 503, _refusal(self._missing()))


def _refusal(missing: str) -> dict[str, Any]:
    """The error form of every other refusal."""
    message = f"not ready yet: {missing}"
    return {
        "success": False,
        "status": 0,
        "code": 503,
        "reason": "unavailable",
        "message": message,
        "error": message,
        "detail": message,
    }


async def _reply(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"access-control-allow-origin", b"*"),
    ]
    if status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def wait_for_servers(attempt: Callable[[], T], launch: Launch, lifetime: Lifetime) -> T:
    """What the attempt gives in the end; until then the role's port, if it has one, answers that it is not ready.

    Raises:
        Stopped: the process was told to stop.
    """
    if "http" not in launch.sockets:
        return await wait_for(attempt, lifetime)
    patience = Patience(lambda sentence: log.warning("waiting: %s", sentence))
    app = WaitingApp(lambda: patience.missing or "this process is starting")
    async with served(app, launch.socket("http"), _DRAIN_SECONDS):
        return await wait_for(attempt, lifetime, patience)
