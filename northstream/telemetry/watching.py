"""The age of the self-watch, for operators.

Does not find it out: see `warehouse.watch`.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from schemas.telemetry import Watch as Names
from warehouse.watch import WatchReport


class WatchTelemetry(Collector):
    """Asks anew at each scrape; nothing is told while no events of the self-watch are sent."""

    def __init__(self, watch: WatchReport, clock: Callable[[], int]) -> None:
        """`clock` gives Unix ms."""
        self._watch = watch
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        age_seconds = self._watch.seconds(self._clock())
        if age_seconds is not None:
            yield Names.AGE.told(age_seconds)
