"""The numbers of alert rules over the stores of a process, and the threads that look up what may take its time.

Does not judge: see `northstream.parts.alerting`.
"""

from collections.abc import Callable, Mapping

from metrics.last_seen import LastSeen
from northstream.alert_values import AlertNumbers, NumberParts, NumbersAtOnce
from northstream.background import Background
from northstream.clock import unix_ms
from northstream.numbers.counters import CounterPoints
from northstream.numbers.lookups import Lookups
from northstream.numbers.published import PublishedPoints
from northstream.numbers.quality import QualityPoints
from northstream.numbers.segments import SegmentPoints
from northstream.numbers.sightings import Sightings
from northstream.parts.stores import Stores
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.measuring import Measures
from warehouse.duplicate_days import DuplicateDays
from warehouse.published_values import PublishedValues
from warehouse.quality_numbers import QualityNumbers


class RunningNumbers:
    """`numbers` for the judge; what is looked up in the background is known between `start` and `stop`."""

    def __init__(self, stores: Stores, measures: Measures, on_failure: Callable[[Exception], None]) -> None:
        lookups = Lookups(), Lookups()
        self.numbers = AlertNumbers(_parts(stores, measures), *lookups, unix_ms)
        self._lookups = lookups
        self._threads = [
            Background(name, one.run, on_failure) for name, one in zip(("gauges", "lookups"), lookups, strict=True)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What is being measured is not waited for longer than a process may take to end."""
        for lookups in self._lookups:
            lookups.stop()
        for thread in self._threads:
            thread.join()


def numbers_at_once(stores: Stores, measures: Measures) -> NumbersAtOnce:
    """For commands, which wait for every answer."""
    return NumbersAtOnce(_parts(stores, measures))


def _parts(stores: Stores, measures: Measures) -> NumberParts:
    stream = stores.workspace.stream
    calendar = Calendar(stream.timezone)
    reports, warehouse = stores.reports, stores.warehouse

    def metrics() -> Mapping[str, MetricDefinition]:
        return measures.catalogue().metrics

    def through() -> int | None:
        return reports.recent_completeness().complete_through_ms

    numbers = QualityNumbers(warehouse, stream.timezone, stream.horizon_days)
    copies = DuplicateDays(warehouse, reports.quality)
    quality = QualityPoints(reports, numbers, calendar, stores.watch.seconds, copies.read)
    return NumberParts(
        counters=CounterPoints(reports, calendar),
        published=PublishedPoints(PublishedValues(warehouse), metrics, calendar),
        segments=SegmentPoints(measures, calendar),
        quality=quality,
        sightings=Sightings(LastSeen(warehouse, stream), quality, metrics, stream, through),
        metrics=metrics,
        funnels=stream.funnels,
        calendar=calendar,
    )
