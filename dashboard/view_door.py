"""The door through which pages ask the read API: `/view/metrics` is `/api/metrics` for a viewer who has no key.

Does not decide who may view: `Access` does, where the route asks for the secret key.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

FROM_PAGE = "northstream.from_page"
"""In the scope of a request that came through the door."""

_DOOR = "/view/"
_SHOWN = frozenset(
    {
        "actions",
        "alerts",
        "annotations",
        "boards",
        "decisions",
        "digest",
        "experiments",
        "funnels",
        "metrics",
        "reports",
        "retention",
        "segments",
        "start",
        "tree",
    }
)
_NOTED = frozenset({"actions", "alerts", "annotations", "decisions", "start"})
"""What people write and do on pages; everything else is written with the secret key only."""


class ViewDoor:
    """Hands `/view/…` on as `/api/…`, marked; what is not for pages stays where nobody answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_for_pages(scope["path"], scope["method"]):
            path = "/api/" + scope["path"].removeprefix(_DOOR)
            scope = {**scope, "path": path, "raw_path": path.encode(), FROM_PAGE: True}
        await self._app(scope, receive, send)


def is_from_page(request: Request) -> bool:
    return bool(request.scope.get(FROM_PAGE))


def is_of_other_site(request: Request) -> bool:
    """A write that a page of another site may have caused: on loopback no cookie would stop it."""
    if request.method in ("GET", "HEAD"):
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    # Over plain HTTP beyond loopback browsers tell only the origin.
    return urlsplit(request.headers.get("origin", "")).netloc != request.headers.get("host")


def _is_for_pages(path: str, method: str) -> bool:
    if not path.startswith(_DOOR):
        return False
    allowed: Collection[str] = _SHOWN if method in ("GET", "HEAD") else _NOTED
    return path.removeprefix(_DOOR).split("/", 1)[0] in allowed
