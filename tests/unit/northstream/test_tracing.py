"""When traces are on, and what is said when they cannot be."""

import subprocess
import sys

import pytest
from opentelemetry import trace

from northstream.failures import UserError
from northstream.telemetry.tracing import is_asked_for, start_tracing
from schemas import traces


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_on_when_the_usual_variables_say_so(environ: dict[str, str], asked: bool) -> None:
    """Off by default; the variables are OpenTelemetry's own."""
    assert is_asked_for(environ) is asked


def test_without_them_nothing_is_collected() -> None:
    """And no traceparent travels."""
    start_tracing("collector", "host-1", {})
    assert not traces.are_on()
    with trace.get_tracer("any").start_as_current_span("work"):
        assert traces.current() == b""


def test_another_protocol_than_ours_is_refused() -> None:
    """A sentence at the start, not silence for ever."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with pytest.raises(UserError, match='http/protobuf only; the environment asks for "grpc"'):
        start_tracing("collector", "host-1", environ)


def test_missing_packages_are_named() -> None:
    """In an interpreter that cannot find the exporter: how to install it."""
    program = (
        "import sys; sys.modules['opentelemetry.sdk.trace'] = None\n"
        "from northstream.failures import UserError\n"
        "from northstream.telemetry.tracing import start_tracing\n"
        "try: start_tracing('worker', 'host-1', {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:4318'})\n"
        "except UserError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said == (
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed; "
        "pip install 'northstream[tracing]'\n"
    )
