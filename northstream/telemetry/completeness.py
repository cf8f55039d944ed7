"""How complete the numbers are, for operators: what lags, where, and for how long.

Does not compute it: see `warehouse.completeness`.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from schemas.reading import Completeness, ReadingUnavailable
from schemas.telemetry import Api as Names
from warehouse.reader_lag import ReaderLag
from warehouse.reports import WarehouseReports


class CompletenessTelemetry(Collector):
    """Asks anew at each scrape; while the warehouse or the log are away there is nothing to tell."""

    def __init__(self, reports: WarehouseReports, clock: Callable[[], int]) -> None:
        """`clock` gives Unix ms."""
        self._reports = reports
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        try:
            completeness = self._reports.completeness()
            lags = self._reports.reader_lags()
        except ReadingUnavailable:
            return
        yield from _completeness(completeness, self._clock())
        yield from _lags(lags)


def _completeness(completeness: Completeness, now_ms: int) -> Iterator[Metric]:
    yield Names.LAG_EVENTS.told(completeness.lag_events)
    through_ms = completeness.complete_through_ms
    if through_ms is not None:
        yield Names.COMPLETE_THROUGH.told(through_ms / 1000)
        yield Names.COMPLETENESS_AGE.told(max(0, now_ms - through_ms) / 1000)


def _lags(lags: Sequence[ReaderLag]) -> Iterator[Metric]:
    labels = {(lag.reader, lag.topic.value, str(lag.partition)): lag for lag in lags}
    yield Names.READER_LAG_RECORDS.told({key: lag.records for key, lag in labels.items()})
    yield Names.READER_LAG_EVENTS.told({key: lag.events for key, lag in labels.items()})
    yield Names.READER_LAG_SECONDS.told({key: lag.seconds for key, lag in labels.items()})
