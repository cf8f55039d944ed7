"""The collector's own numbers: every name declared once, written as Prometheus text.

Does not measure the product (those are metrics, from the warehouse).
"""

from collections.abc import Iterator
from enum import StrEnum


class Name(StrEnum):
    """Every telemetry name; each has an entry in `DECLARED`."""

    REQUESTS = "northstream_collector_requests_total"
    MESSAGES = "northstream_collector_messages_total"
    VIOLATIONS = "northstream_collector_violations_total"
    REJECTIONS = "northstream_collector_rejections_total"
    LINKS = "northstream_collector_links_total"
    BODY_BYTES = "northstream_collector_body_bytes_total"
    COMMITS = "northstream_collector_commits_total"
    COMMIT_SECONDS = "northstream_collector_commit_seconds_total"
    RECORDS = "northstream_collector_records_total"
    FAILED_COMMITS = "northstream_collector_failed_commits_total"
    WAITING_BYTES = "northstream_collector_waiting_bytes"
    LOG_WRITABLE = "northstream_collector_log_writable"
    ENGINE_UP = "northstream_collector_engine_up"


DECLARED: dict[Name, tuple[str, str, str]] = {
    Name.REQUESTS: ("counter", "Requests on ingest routes, by HTTP status.", "code"),
    Name.MESSAGES: ("counter", "Messages answered, by verdict (copies are counted as stored too).", "verdict"),
    Name.VIOLATIONS: ("counter", "Violations of the tracking plan, by rule.", "rule"),
    Name.REJECTIONS: ("counter", "Requests refused as a whole, by reason.", "reason"),
    Name.LINKS: ("counter", "Links device to user appended.", ""),
    Name.BODY_BYTES: ("counter", "Bytes of bodies, inflated.", ""),
    Name.COMMITS: ("counter", "Appends to the log.", ""),
    Name.COMMIT_SECONDS: ("counter", "Seconds spent appending to the log.", ""),
    Name.RECORDS: ("counter", "Records appended to the log.", ""),
    Name.FAILED_COMMITS: ("counter", "Appends that the log refused.", ""),
    Name.WAITING_BYTES: ("gauge", "Bytes that wait for the log.", ""),
    Name.LOG_WRITABLE: ("gauge", "1 while the log takes appends.", ""),
    Name.ENGINE_UP: ("gauge", "1 if the engine gave its own telemetry just now.", ""),
}
"""Name → Prometheus type, help, and the name of its one label (empty: none)."""


class Telemetry:
    """The values. Each name is written by one thread only."""

    def __init__(self) -> None:
        self._values: dict[Name, dict[str, float]] = {name: {} for name in Name}
        for name, (_, _, label) in DECLARED.items():
            if not label:
                self._values[name][""] = 0

    def add(self, name: Name, amount: float = 1, label: str = "") -> None:
        values = self._values[name]
        values[label] = values.get(label, 0) + amount

    def set(self, name: Name, value: float) -> None:
        self._values[name][""] = value

    def text(self) -> str:
        """Everything in Prometheus' text format."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for name, (kind, help_text, label) in DECLARED.items():
            yield f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"
            for value_label, value in list(self._values[name].items()):
                labels = f'{{{label}="{value_label}"}}' if label else ""
                yield f"{name}{labels} {value:g}\n" if value < 1e6 else f"{name}{labels} {value:.3f}\n"
