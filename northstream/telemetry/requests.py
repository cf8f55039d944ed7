"""Watches the requests of an app: their ids, how long they take, and their spans when traces are on.

Does not answer them. Wrapped around the whole app, so that answers to defects carry the id too.
"""

import time
from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas import request_ids, traces
from schemas.telemetry import Api, Sql

Note = Callable[[str, int, float], None]
"""Told of each answer: the route, the HTTP status, seconds until the answer was whole."""

_NO_ROUTE = "other"
_TYPE = b"content-type"

_tracer = trace.get_tracer("northstream.requests")


class ObservedRequests:
    """The app with an `x-request-id` on each answer: the sender's own if it is sane."""

    def __init__(self, app: ASGIApp, note: Note) -> None:
        self._app = app
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_ids.begin(scope["headers"])
        answer = _Answer(send, request_ids.current())
        started = time.perf_counter()
        try:
            parent = traces.parent_of(scope["headers"])
            with _tracer.start_as_current_span(scope["method"], parent, kind=SpanKind.SERVER) as span:
                await self._app(scope, receive, answer.send)
                span.update_name(f"{scope['method']} {route_of(scope)}")
                span.set_attributes({"http.route": route_of(scope), "http.response.status_code": answer.code})
        finally:
            if answer.code and not answer.is_stream:
                self._note(route_of(scope), answer.code, time.perf_counter() - started)


class _Answer:
    """Passes an answer on and remembers what it was; code 0: there was none."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._header = (request_ids.HEADER, request_id.encode())
        self.code = 0
        self.is_stream = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            self.code = message["status"]
            self.is_stream = any(value.startswith(b"text/event-stream") for name, value in headers if name == _TYPE)
            message["headers"] = [*headers, self._header]
        await self._send(message)


def route_of(scope: Scope) -> str:
    """The route's path with its parameters unfilled; one name for all paths that are none."""
    route: Any = scope.get("route")
    return getattr(route, "path", _NO_ROUTE)


def observed_api(app: ASGIApp, registry: CollectorRegistry) -> ASGIApp:
    """The read API and pages."""
    duration = Api.REQUEST_DURATION.histogram(registry)
    return ObservedRequests(app, lambda route, code, seconds: duration.labels(route, str(code)).observe(seconds))


def observed_sql(app: ASGIApp, registry: CollectorRegistry) -> ASGIApp:
    """ClickHouse's HTTP interface."""
    duration = Sql.REQUEST_DURATION.histogram(registry)
    return ObservedRequests(app, lambda route, code, seconds: duration.labels(str(code)).observe(seconds))
