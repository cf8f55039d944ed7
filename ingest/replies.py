"""Answers as ASGI messages, with what browsers need to see them (CORS).

Does not decide what is answered.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from ingest.rejections import Rejection
from schemas import request_ids

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_ALLOWED_HEADERS = b"authorization, content-type, content-encoding, anonymousid, sentat, x-retry-count"
_PREFLIGHT_SECONDS = b"600"


async def reply(send: Send, status: int, body: bytes, origin: bytes | None, more: Headers = ()) -> None:
    """A JSON answer. With credentials allowed a browser wants its own origin back, never `*`."""
    headers = [_JSON, (b"content-length", b"%d" % len(body)), *more]
    if origin is not None:
        headers += cors(origin)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, rejection: Rejection, origin: bytes | None) -> None:
    """The error, with the id under which the log tells of the request."""
    more = [(request_ids.HEADER, request_ids.current().encode())]
    if rejection.retry_after is not None:
        more.append((b"retry-after", b"%d" % rejection.retry_after))
    await reply(send, rejection.status, rejection.body(), origin, more)


def cors(origin: bytes) -> Headers:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
        (b"vary", b"Origin"),
    ]


async def allow(send: Send, origin: bytes, wants_private: bool) -> None:
    """The answer to a preflight: the request headers that SDKs send, by name (`*` would not cover Authorization)."""
    headers = [
        *cors(origin),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"content-length", b"0"),
    ]
    if wants_private:
        headers.append((b"access-control-allow-private-network", b"true"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
