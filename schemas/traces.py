"""How traces travel: W3C `traceparent` in headers of requests and of records of the log.

Does not turn traces on; see `northstream.telemetry.tracing`. As long as nobody does, spans cost next to nothing.
"""

from collections.abc import Iterable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"

_HEADERS = (b"traceparent", b"tracestate")
_W3C = TraceContextTextMapPropagator()


def are_on() -> bool:
    """Whether this process collects spans; asked once, by those for whom even an idle span is too much."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def parent_of(headers: Iterable[tuple[bytes, bytes]]) -> Context | None:
    """The span of the sender that a request belongs to, if it names one."""
    carrier = {name.decode(): value.decode("latin-1") for name, value in headers if name in _HEADERS}
    return _W3C.extract(carrier) if carrier else None


def current() -> bytes:
    """The value of `traceparent` for what belongs to the present span; empty if there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(HEADER, "").encode()
