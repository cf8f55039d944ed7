"""The value of a metric for alerting: of the bucket of now, or of the last one that is over.

Does not evaluate rules: see `alerting`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from alerting.numbers import NotLookedUp, Point
from dashboard.metrics import evaluate
from dashboard.periods import Days
from schemas.alerts import Bucket, MetricSubject, Subject
from schemas.calendar import Calendar, day_date
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED
from schemas.reading import Reports

Grain = Literal["day", "week", "month"]

LOOK_AGAIN_MS = 2_000
"""Published values move with their metric's refresh interval: rules that are judged more often are told the same."""


class Published(Protocol):
    def value(self, metric: str, grain: Grain, bucket: date) -> Decimal | None:
        """The value that was published last; None for none. Raises ReadingUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class AlertValues:
    """Where values come from: streamed ones from the counters at once, all others as they are published."""

    reports: Reports
    published: Published
    metrics: Mapping[str, MetricDefinition]
    calendar: Calendar


class AlertNumbers:
    """`alerting.numbers.Numbers` over the published values.

    A bucket is a day or, for a metric whose thresholds are `per` week or month, that.
    """

    def __init__(self, values: AlertValues) -> None:
        self._values = values
        self._remembered = _Remembered(values.published.value)

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        if not isinstance(subject, MetricSubject) or subject.segments or count != 1:
            raise NotLookedUp(f"{subject} has no such values")
        return [self._judged(subject.metric, bucket, now_ms)]

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(f"nobody can say at {now_ms} when {subject} was last seen")

    def _judged(self, metric: str, bucket: Bucket, now_ms: int) -> Point:
        values = self._values
        today = day_date(values.calendar.day_of(now_ms))
        if metric in STREAMED:
            day = today - timedelta(days=bucket == "complete")
            return Point(day, _streamed(values.reports, metric, day))
        if metric not in values.metrics:
            raise NotLookedUp(f"unknown metric {metric}")
        grain = values.metrics[metric].per or "day"
        start = bucket_start(today, grain)
        if bucket == "complete":
            start = bucket_start(start - timedelta(days=1), grain)
        found = self._remembered.value(metric, grain, start, now_ms)
        return Point(start, None if found is None else float(found))


def bucket_start(day: date, grain: Grain) -> date:
    """The first day of the bucket that holds a day; weeks begin on Monday."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def _streamed(reports: Reports, metric_id: str, day: date) -> float | None:
    formula = STREAMED[metric_id]
    counters = [name for name in (formula.numerator, formula.denominator) if name]
    return evaluate(formula, reports.daily(counters, day, day), Days(day, day))


class _Remembered:
    """Asks again when what it knows is old; an answer that could not be had is not remembered."""

    def __init__(self, ask: Callable[[str, Grain, date], Decimal | None]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, Grain, date], tuple[int, Decimal | None]] = {}

    def value(self, metric: str, grain: Grain, start: date, now_ms: int) -> Decimal | None:
        place = (metric, grain, start)
        self._known = {key: entry for key, entry in self._known.items() if 0 <= now_ms - entry[0] < LOOK_AGAIN_MS}
        if place not in self._known:
            self._known[place] = (now_ms, self._ask(metric, grain, start))
        return self._known[place][1]
