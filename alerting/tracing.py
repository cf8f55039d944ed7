"""Joins a delivery to the look at the rules that caused it, although the outbox lies between them.

Does not keep anything over a restart: a message from an earlier start is delivered within a trace of its own.
"""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext

tracer = trace.get_tracer("northstream.alerting")

_MOST = 1_000
"""Messages whose looks are remembered."""


class Causes:
    """By webhook id, the span of the look; used from the judging thread and the event loop."""

    def __init__(self) -> None:
        self._spans: dict[str, SpanContext] = {}

    def note(self, webhook_id: str) -> None:
        """The message was caused by the present span; nothing is kept while traces are off."""
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            if len(self._spans) >= _MOST:
                self._spans.clear()
            self._spans[webhook_id] = span

    def of(self, webhook_id: str) -> Context | None:
        """What attempts to deliver the message belong to."""
        span = self._spans.get(webhook_id)
        return trace.set_span_in_context(NonRecordingSpan(span)) if span else None
