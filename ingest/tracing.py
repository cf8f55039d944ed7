"""Spans of the collector: one for each request, one for each append, which belongs to all requests that it carries.

Nothing here is called unless traces are on.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind

from ingest.body import Receive
from ingest.replies import Send
from schemas import traces

Scope = MutableMapping[str, Any]
Take = Callable[[str, Scope, Receive, Send], Awaitable[None]]

_tracer = trace.get_tracer("northstream.ingest")


def traced(take: Take) -> Take:
    """The same, within a span that continues the sender's."""

    async def take_traced(kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        parent, path = traces.parent_of(scope["headers"]), scope["path"]
        attributes = {"http.request.method": scope["method"], "http.route": path}
        with _tracer.start_as_current_span(
            f"{scope['method']} {path}", parent, kind=SpanKind.SERVER, attributes=attributes
        ) as span:

            async def send_noting(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await take(kind, scope, receive, send_noting)

    return take_traced


def request_context() -> SpanContext:
    """Of the span of the request in hand."""
    return trace.get_current_span().get_span_context()


def append_span(requests: Sequence[SpanContext], records: int) -> AbstractContextManager[Span]:
    """A span of an append: below one of its requests, linked to the others."""
    parent = next((one for one in requests if one.trace_flags.sampled), requests[0])
    return _tracer.start_as_current_span(
        "append",
        trace.set_span_in_context(NonRecordingSpan(parent)),
        links=[Link(one) for one in requests if one is not parent],
        attributes={"northstream.requests": len(requests), "northstream.records": records},
    )
