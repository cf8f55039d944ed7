"""How fresh the metric catalogue's values are, for operators.

Does not refresh them: see `metrics.refresher`.
"""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from metrics.refresher import Refresh, Refresher
from schemas.telemetry import Measuring as Names


class MeasuringTelemetry(Collector):
    """Hears of each refresh; asks the refresher how it stands at each scrape."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._durations = Names.REFRESH_DURATION.histogram(self._own)
        self._failures = Names.REFRESH_FAILURES.counter(self._own)
        self._refresher: Refresher | None = None

    def follow(self, refresher: Refresher) -> None:
        self._refresher = refresher

    def note(self, refresh: Refresh) -> None:
        self._durations.observe(refresh.seconds)
        self._failures.inc(refresh.has_failed)

    def collect(self) -> Iterator[Metric]:
        """Nothing of the refresher before there is one."""
        yield from self._own.collect()
        if self._refresher is not None:
            yield Names.REFRESH_AGE.told(max(0.0, time.monotonic() - self._refresher.finished_at))
            yield Names.OVERDUE.told(self._refresher.overdue_seconds())
            yield Names.FAILING.told(len(self._refresher.failures()))
