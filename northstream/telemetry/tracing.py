"""Turns OpenTelemetry traces on for a process, if the usual variables ask for it.

Does not make spans: the parts do.
"""

from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry import trace

from northstream.failures import UserError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def is_asked_for(environ: Mapping[str, str]) -> bool:
    """Whether traces are to be sent somewhere."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(environ.get(name) for name in ENDPOINTS)


def start_tracing(role: str, instance: str, environ: Mapping[str, str]) -> None:
    """Send this process's spans to the endpoint that the environment names; nothing if it names none.

    What is collected by the end of the process is sent then.

    Raises:
        UserError: traces are asked for and cannot be sent.
    """
    if not is_asked_for(environ):
        return
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), _HTTP)
    if protocol != _HTTP:
        raise UserError(f'traces are sent by {_HTTP} only; the environment asks for "{protocol}"')
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        named = next(name for name in ENDPOINTS if environ.get(name))
        text = f"{named} is set, but what sends traces is not installed; pip install 'northstream[tracing]'"
        raise UserError(text) from error
    # Resource.create adds what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say only where we say nothing.
    attributes = {"service.version": version("northstream"), "service.instance.id": instance, "northstream.role": role}
    if not environ.get("OTEL_SERVICE_NAME"):
        attributes["service.name"] = f"northstream-{role}"
    provider = TracerProvider(resource=Resource.create(attributes))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
