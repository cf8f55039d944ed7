"""The engine's own counters as Prometheus text.

Does not count: it reads what the stream, the reports and the alerts say.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.reading import Reports
from stream.worker import Worker


def telemetry_text(stream: Worker, reports: Reports, alerts: Callable[[], Sequence[Mapping[str, Any]]]) -> str:
    """The text of `/metrics`. May raise ReadingUnavailable."""
    worker = stream.telemetry
    completeness = reports.completeness()
    firing = sum(1 for alert in alerts() if alert.get("state") in ("firing", "recovering"))
    lines = [
        *_counter("events_applied", "Events that the stream has applied since its start", worker.events_applied),
        *_counter("handoffs_applied", "Hand-offs applied since its start", worker.handoffs_applied),
        *_counter("poison_records", "Records that could not be decoded", worker.poison_records),
        *_counter("checkpoints", "Checkpoints made since its start", worker.checkpoints),
        *_counter("store_failures", "Times the warehouse was away", worker.store_failures),
        *_gauge(
            "rebuilding", "1 while people and counters are rebuilt from the stored events", int(stream.is_rebuilding)
        ),
        *_gauge("streaming", "1 while the stream has its partitions", int(stream.has_partitions)),
        *_gauge("lag_events", "Lines of the log not yet counted, loaded and published", completeness.lag_events),
        *_gauge("alerts_firing", "Alerts that are firing", firing),
    ]
    if completeness.complete_through_ms is not None:
        seconds = completeness.complete_through_ms / 1000
        lines += _gauge("complete_through_seconds", "Everything received before this Unix time is counted", seconds)
    return "\n".join(lines) + "\n"


def _counter(name: str, meaning: str, value: float) -> list[str]:
    return _series(f"northstream_engine_{name}_total", "counter", meaning, value)


def _gauge(name: str, meaning: str, value: float) -> list[str]:
    return _series(f"northstream_engine_{name}", "gauge", meaning, value)


def _series(name: str, kind: str, meaning: str, value: float) -> list[str]:
    return [f"# HELP {name} {meaning}.", f"# TYPE {name} {kind}", f"{name} {value}"]
