"""Refreshes points in the background, one computation at a time, and publishes the values that come of them.

Each metric's own interval says how often; what nothing has touched is left alone. Does not compute.
"""

import logging
import threading
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from metrics.asking import Computer
from metrics.formula import leaves_of
from metrics.keeper import Look, PointKeeper
from metrics.leaf_points import LeafPoints
from metrics.publishing import Publication, Publisher
from metrics.shelf import Edition, Shelf
from schemas.measuring import NotComputable
from schemas.reading import ReadingUnavailable

LOOK_SECONDS = 1.0
PUBLISH_SECONDS = 2.0
"""How long a value that was computed waits for those that are computed next."""

RETRY_SECONDS = 60.0
"""A computation that failed is tried again so much later, or when its definition changes."""

MATURING_SECONDS = 900.0
"""How old a value that matures may become before it is computed anew, though nothing has changed."""

REST = 30.0
"""What is dear rests for so many times what it costs, however short its interval is."""

_AWAY = 3
"""Failures in a row for which the warehouse is to blame."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refresh:
    """One computation that was computed anew."""

    seconds: float
    has_failed: bool


class Refresher:
    """`run` in one thread; everything else from any. `finished_at`: monotonic seconds of the last whole round's end."""

    def __init__(
        self,
        shelf: Shelf,
        keeper: PointKeeper,
        publisher: Publisher,
        computer: Computer,
        on_refresh: Callable[[Refresh], None] = lambda _: None,
        rest: float = REST,
    ) -> None:
        """`computer` is not that of readers, so that it takes none of their connections."""
        self._shelf = shelf
        self._keeper = keeper
        self._publisher = publisher
        self._computer = computer
        self._on_refresh = on_refresh
        self._rest = rest
        self._stop = threading.Event()
        self._edition: Edition | None = None
        self._failed_at: dict[str, float] = {}
        self._away = 0
        self.finished_at = time.monotonic()

    def run(self) -> None:
        """Until `stop`. While the warehouse is away it tries again every second."""
        while not self._stop.is_set():
            try:
                self.round()
            except ReadingUnavailable as error:
                log.warning("metrics cannot be refreshed now: %s", error)
            self._stop.wait(LOOK_SECONDS)

    def stop(self) -> None:
        self._stop.set()

    def round(self) -> int:
        """Refresh everything that is due, once, and publish what came of it; the number of values published."""
        look = self._keeper.look()
        published, published_at = 0, time.monotonic()
        done: set[str] = set()
        while (points := self._most_urgent(done)) is not None:
            done.add(points.leaf.key)
            self._refresh(points)
            if time.monotonic() - published_at > PUBLISH_SECONDS:
                published += self._publish_all(self._keeper.look(LOOK_SECONDS))
                published_at = time.monotonic()
        published += self._publish_all(look)
        self.finished_at = time.monotonic()
        return published

    def _most_urgent(self, done: Container[str]) -> LeafPoints | None:
        """What nobody can read yet, then what is oldest; None: nothing else is due, or all shall stop."""
        edition = self._shelf.current()
        if edition is not self._edition:
            self._keeper.keep_only(edition.leaves)
            self._edition = edition
        intervals = self._intervals(edition)
        due = [
            points
            for points in self._all_points(edition)
            if points.leaf.key not in done and self._is_due(points, intervals)
        ]
        return None if self._stop.is_set() else min(due, key=_urgency, default=None)

    def _publish_all(self, look: Look) -> int:
        if self._edition is None or self._stop.is_set():
            return 0
        return sum(self._publish(one, look) for one in self._edition.publications.values())

    def failures(self) -> dict[str, str]:
        """Metrics that cannot be computed, and why."""
        edition = self._edition
        if edition is None:
            return {}
        found = dict(edition.broken)
        for metric, formula in edition.formulas.items():
            errors = [error for leaf in leaves_of(formula) if (error := self._keeper.points(leaf).error)]
            if errors:
                found[metric] = errors[0]
        return found

    def overdue_seconds(self) -> float:
        """For how long the computation that waits longest could have been refreshed; 0 while all are fresh."""
        edition = self._edition
        if edition is None:
            return 0.0
        intervals, now = self._intervals(edition), time.monotonic()
        waiting = [
            now - points.refreshed_at - intervals[points.leaf.key]
            for points in self._all_points(edition)
            if points.dirty_from is not None and points.covered is not None
        ]
        return max([*waiting, 0.0])

    def _intervals(self, edition: Edition) -> dict[str, float]:
        """By computation the shortest interval of the metrics that are made of it; retired ones have none."""
        found: dict[str, float] = {}
        for metric, formula in edition.formulas.items():
            definition = edition.catalogue.metrics[metric]
            if definition.lifecycle != "retired":
                for leaf in leaves_of(formula):
                    interval = float(definition.refresh_seconds)
                    found[leaf.key] = min(interval, found.get(leaf.key, interval))
        return found

    def _all_points(self, edition: Edition) -> Iterable[LeafPoints]:
        return (self._keeper.points(leaf) for leaf in edition.leaves)

    def _is_due(self, points: LeafPoints, intervals: dict[str, float]) -> bool:
        interval = intervals.get(points.leaf.key)
        now = time.monotonic()
        if interval is None or points.is_live:
            return False
        if points.error and now - self._failed_at.get(points.leaf.key, float("-inf")) < self._retry_seconds():
            return False
        if not points.is_settled:
            return True
        if points.dirty_from is None and now - points.refreshed_at > MATURING_SECONDS:
            points.mark_maturing()
        rest = max(interval, self._rest * points.cost_seconds)
        return points.dirty_from is not None and now - points.refreshed_at >= rest

    def _retry_seconds(self) -> float:
        return LOOK_SECONDS if self._away else RETRY_SECONDS

    def _refresh(self, points: LeafPoints) -> None:
        """A failure is noted, and of others only what is due: unless the warehouse fails several in a row."""
        began = time.monotonic()
        try:
            self._keeper.refresh(points, self._computer)
            self._away = 0
        except (NotComputable, ReadingUnavailable) as error:
            points.error = str(error)
            self._failed_at[points.leaf.key] = time.monotonic()
            log.warning("a metric cannot be computed: %s", error)
            if isinstance(error, ReadingUnavailable):
                self._away += 1
                if self._away >= _AWAY:
                    raise
        seconds = time.monotonic() - began
        self._on_refresh(Refresh(seconds, bool(points.error)))
        # Readers and the loader get at least as much of the machine.
        self._stop.wait(min(max(seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE))
        self._keeper.look(LOOK_SECONDS)

    def _publish(self, publication: Publication, look: Look) -> int:
        if publication.metric.lifecycle == "retired":
            return 0
        try:
            return self._publisher.publish(
                publication, look, lambda leaf, buckets: self._keeper.peek(leaf, buckets, self._computer)
            )
        except (NotComputable, ArithmeticError) as error:
            log.warning("the metric %s cannot be published: %s", publication.metric.id, error)
            return 0


def _urgency(points: LeafPoints) -> tuple[bool, float]:
    return points.covered is not None, points.refreshed_at
