"""The text of `/metrics`: everything counted, in a form that a real parser reads."""

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from ingest.exposition import exposition, together
from ingest.telemetry import Telemetry


def text_of(telemetry: Telemetry) -> str:
    registry = CollectorRegistry()
    registry.register(telemetry)
    return exposition(registry)


def test_large_counters_keep_every_digit() -> None:
    """A rounded notation would lose events."""
    telemetry = Telemetry()
    telemetry.stored += 123_456_789
    families = {family.name: family for family in text_string_to_metric_families(text_of(telemetry))}
    values = {sample.labels["verdict"]: sample.value for sample in families["northstream_collector_messages"].samples}
    assert values["stored"] == 123_456_789


def test_requests_are_counted_by_route_and_status_with_their_time() -> None:
    """The number of requests is the count of the histogram of their durations."""
    telemetry = Telemetry()
    for seconds in (0.0004, 0.02):
        telemetry.answered("batch", 200, seconds)
    lines = text_of(telemetry).splitlines()
    name = "northstream_collector_request_duration_seconds"
    assert f'{name}_bucket{{code="200",le="0.0005",route="batch"}} 1.0' in lines
    assert f'{name}_count{{code="200",route="batch"}} 2.0' in lines


def test_a_name_that_two_processes_tell_is_described_once() -> None:
    """Scrapers refuse a page that describes a name twice."""
    first = '# HELP up It is.\n# TYPE up gauge\nup{role="a"} 1.0\n# HELP x X.\n# TYPE x gauge\nx 1.0\n'
    second = '# HELP up It is.\n# TYPE up gauge\nup{role="b"} 1.0\n'
    assert together(first, second) == (
        '# HELP up It is.\n# TYPE up gauge\nup{role="a"} 1.0\nup{role="b"} 1.0\n# HELP x X.\n# TYPE x gauge\nx 1.0\n'
    )
    assert together(first, "") == first
