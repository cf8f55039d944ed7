"""Numbers that the stream counts: the streamed metrics and the steps of funnels, as published, at once.

Does not keep them longer than one look at all rules.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from alerting.numbers import NotLookedUp, Point
from northstream.numbers.buckets import Span, today_of
from schemas.alerts import FunnelSubject
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED, Counter
from schemas.definitions import FunnelDefinition
from schemas.reading import ReadingUnavailable, Reports, funnel_counter

NEAR_DAYS = 9
"""What lies so near, the same day of last week included, is read for all rules in one query; other histories in
another, for as far back as any rule has looked."""

Daily = Mapping[str, Mapping[date, int]]
Counters = tuple[str, str | None]
"""Numerator, and denominator of a rate."""


def counters_of_metric(metric: str, defined: MetricDefinition | None) -> Counters | None:
    """The counters of one of `schemas.computes.STREAMED`, described by the workspace or not; None: it is none.

    A workspace may mean something else by one of these names.
    """
    compute = defined.compute if defined is not None else STREAMED.get(metric)
    if metric not in STREAMED or not isinstance(compute, Counter):
        return None
    return compute.numerator, compute.denominator


def counters_of_funnel(subject: FunnelSubject, funnels: Sequence[FunnelDefinition]) -> Counters:
    """Raises NotLookedUp: there is no such funnel or step."""
    steps = next((len(funnel.steps) for funnel in funnels if funnel.id == subject.funnel), None)
    if steps is None:
        raise NotLookedUp(f"unknown funnel {subject.funnel}")
    if not 1 <= subject.step <= steps:
        raise NotLookedUp(f"the funnel {subject.funnel} has steps 1 to {steps}, not {subject.step}")
    entries = funnel_counter(subject.funnel, 1) if subject.measure == "rate" else None
    return funnel_counter(subject.funnel, subject.step), entries


class CounterPoints:
    """For one thread. May raise ReadingUnavailable."""

    def __init__(self, reports: Reports, calendar: Calendar) -> None:
        self._calendar = calendar
        self._near = _Window(reports)
        self._far = _Window(reports)
        self._failed: tuple[int, str] | None = None

    def points(self, counters: Counters, spans: Sequence[Span], now_ms: int) -> list[Point]:
        """Of days; where nothing is published a counter is 0, and a rate over 0 has no value.

        What failed at a moment is not asked again at it: hundreds of rules would each wait for a warehouse that hangs.
        """
        if self._failed is not None and self._failed[0] == now_ms:
            raise ReadingUnavailable(self._failed[1])
        try:
            daily = self._read(counters, spans, now_ms)
        except ReadingUnavailable as failure:
            self._failed = (now_ms, str(failure))
            raise
        return [_point(counters, daily, span.first) for span in spans]

    def _read(self, counters: Counters, spans: Sequence[Span], now_ms: int) -> Daily:
        today = today_of(self._calendar, now_ms)
        days = (today - spans[0].first).days
        window = self._near if days <= NEAR_DAYS else self._far
        return window.read([name for name in counters if name], max(days, NEAR_DAYS), today, now_ms)


class _Window:
    """All counters that were asked for since the start, read once for each moment: rules are judged together."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._names: set[str] = set()
        self._days = 0
        self._at: tuple[int, date] | None = None
        self._daily: Daily = {}

    def read(self, names: Sequence[str], days: int, today: date, now_ms: int) -> Daily:
        """At least so many days up to today."""
        if not self._names.issuperset(names) or days > self._days or self._at != (now_ms, today):
            self._at = None
            self._names |= set(names)
            self._days = max(days, self._days)
            first = today - timedelta(days=self._days)
            self._daily = self._reports.daily(sorted(self._names), first, today)
            self._at = (now_ms, today)
        return self._daily


def _point(counters: Counters, daily: Daily, day: date) -> Point:
    numerator, denominator = counters
    above = daily.get(numerator, {}).get(day, 0)
    if denominator is None:
        return Point(day, float(above), float(above))
    below = daily.get(denominator, {}).get(day, 0)
    return Point(day, above / below if below else None, float(below))
