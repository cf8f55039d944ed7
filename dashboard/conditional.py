"""Answers that a reader keeps: an ETag on every GET, and 304 when nothing has changed since.

Does not keep answers here: each is made anew and compared by its content.
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

CACHE_CONTROL = "private, no-cache"
"""Nobody on the way keeps it, and the reader asks each time whether it still holds."""


class ConditionalRoute(APIRoute):
    """A route whose GET answers carry an ETag and obey If-None-Match."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer: Callable[[Request], Awaitable[Response]] = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response = await answer(request)
            if request.method not in ("GET", "HEAD") or response.status_code != 200:
                return response
            return with_etag(request, response)

        return conditional


def with_etag(request: Request, response: Response) -> Response:
    """The answer with its ETag, or 304 when the reader has just that."""
    etag = f'"{hashlib.blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _matches(given: list[str], etag: str) -> bool:
    """The weak comparison that If-None-Match asks for (RFC 9110): `W/` counts for nothing, `*` is anything."""
    candidates = (candidate.strip().removeprefix("W/") for line in given for candidate in line.split(","))
    return any(candidate in ("*", etag) for candidate in candidates)
