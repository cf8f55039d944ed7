"""Answers that a reader keeps: an ETag on every GET, and 304 when nothing has changed since.

Does not keep answers here: each is made anew and compared by its content.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

CACHE_CONTROL = "private, no-cache"
"""Nobody on the way keeps it, and the reader asks each time whether it still holds."""


_STAMP = re.compile(rb'("(?:complete_through|updated|judged_at)":"[0-9-]{10}T[0-9:]{7})[0-9.]+Z"')
"""How fresh the numbers are moves all the time; that it moved within the same ten seconds is no change."""


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
    """The answer with its ETag, or 304 when the reader has one that says the same."""
    content = _STAMP.sub(rb"\1", bytes(response.body))
    etag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _matches(given: list[str], etag: str) -> bool:
    """The weak comparison that If-None-Match asks for (RFC 9110): `W/` counts for nothing, `*` is anything."""
    candidates = (candidate.strip().removeprefix("W/") for line in given for candidate in line.split(","))
    return any(candidate in ("*", etag.removeprefix("W/")) for candidate in candidates)
