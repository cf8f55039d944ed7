"""The collector's own numbers, ready to be counted where requests are answered and appended.

Does not measure the product (those are metrics, from the warehouse). Names: `schemas.telemetry`.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import Metric

from ingest.verdicts import QUARANTINED, STORED
from schemas.telemetry import Collector as Names


class Telemetry:
    """Instruments of one collector; register it with the registry of the process."""

    def __init__(self) -> None:
        # Plain numbers where each request counts; all of them are written by the event loop alone.
        self.stored = 0
        self.quarantined = 0
        self.body_bytes = 0
        own = self._own = CollectorRegistry()
        self._durations = Names.REQUEST_DURATION.histogram(own)
        # Finding a labelled one costs more than counting, so those of each request are found once.
        self._duration_of: dict[tuple[str, int], Histogram] = {}
        self.violations = Names.VIOLATIONS.counter(own)
        self.rejections = Names.REJECTIONS.counter(own)
        self.links = Names.LINKS.counter(own)
        self.records = Names.RECORDS.counter(own)
        self.append_duration = Names.APPEND_DURATION.histogram(own)
        self.append_failures = Names.APPEND_FAILURES.counter(own)
        self.waiting_bytes = Names.WAITING_BYTES.gauge(own)
        self.waiting_limit_bytes = Names.WAITING_LIMIT_BYTES.gauge(own)
        self.log_writable = Names.LOG_WRITABLE.gauge(own)

    def answered(self, route: str, code: int, seconds: float) -> None:
        """A request on an ingest route was answered."""
        duration = self._duration_of.get((route, code))
        if duration is None:
            duration = self._duration_of[route, code] = self._durations.labels(route, str(code))
        duration.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Everything as it stands."""
        yield Names.MESSAGES.told({(STORED,): self.stored, (QUARANTINED,): self.quarantined})
        yield Names.BODY_BYTES.told(self.body_bytes)
        yield from self._own.collect()
