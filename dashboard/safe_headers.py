"""Headers that every answer carries: no guessing of types, no use by other sites.

Does not set a content security policy: each page has its own.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]


class SafeHeaders:
    """Adds the headers without touching the body, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)
