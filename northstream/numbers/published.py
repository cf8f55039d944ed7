"""Numbers of the catalogue that are computed beside the stream, as they were published last.

Does not compute them: see the package `metrics`.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple, Protocol

from alerting.numbers import NotLookedUp, Point
from northstream.numbers.buckets import Span
from northstream.numbers.completed import PATIENCE_MS, Question
from schemas.alert_ground import judged_grain
from schemas.alerts import Bucket
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.measuring import Grain
from warehouse.published_values import PublishedValue

LATE_MS = 120_000
"""A number that is refreshed in time has been computed anew so long after its bucket was over, and twice its metric's
interval, an hour at most: then it is judged as published, though it may go on moving (cohorts mature, events are late).
"""


class Published(Protocol):
    def values(self, metric: str, grain: Grain, first: date, last: date) -> Mapping[date, PublishedValue]:
        """Raises ReadingUnavailable."""
        ...


class Moment(NamedTuple):
    """Now, and up to when everything received is counted and loaded (None: nothing has come yet), in Unix ms."""

    now_ms: int
    through_ms: int | None


class PublishedPoints:
    """May raise ReadingUnavailable. `metrics`: the catalogue as it is now."""

    def __init__(
        self, published: Published, metrics: Callable[[], Mapping[str, MetricDefinition]], calendar: Calendar
    ) -> None:
        self._published = published
        self._metrics = metrics
        self._calendar = calendar

    def points(self, metric: str, bucket: Bucket, count: int, moment: Moment) -> list[Point]:
        """A bucket that is not published (yet) has no value. Raises NotLookedUp for a metric that is not there."""
        definition = defined(metric, self._metrics())
        question = Question(bucket, judged_grain(definition), count, moment.now_ms, self._calendar)
        spans = question.spans
        found = self._published.values(metric, question.grain, spans[0].first, spans[-1].first)
        points = [_point(span, found.get(span.first), definition) for span in spans]
        return question.told(points, lambda span, end: _is_there(found.get(span.first), end, moment, definition))


def _is_there(found: PublishedValue | None, end_ms: int, moment: Moment, definition: MetricDefinition) -> bool:
    if found is None or moment.through_ms is None or moment.through_ms < end_ms:
        return False
    return found.was_over or moment.now_ms - end_ms >= min(LATE_MS + 2000 * definition.refresh_seconds, PATIENCE_MS)


def defined(metric: str, metrics: Mapping[str, MetricDefinition]) -> MetricDefinition:
    """Raises NotLookedUp."""
    if metric not in metrics:
        raise NotLookedUp(f"unknown metric {metric}")
    return metrics[metric]


def samples_of(definition: MetricDefinition, denominator: float | None, value: float | None) -> float | None:
    """What a value rests on: its denominator; of amounts themselves; of medians and scores nobody can say."""
    if denominator is not None:
        return denominator
    return value if definition.unit in ("count", "money", "bytes") else None


def _point(span: Span, found: PublishedValue | None, definition: MetricDefinition) -> Point:
    if found is None:
        return Point(span.first, None, None)
    value, denominator = (None if part is None else float(part) for part in (found.value, found.denominator))
    return Point(span.first, value, samples_of(definition, denominator, value))
