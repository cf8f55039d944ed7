"""Gathers the past of a rule's subject as looks: bucket by bucket, or hour by hour where that is known.

Does not judge it, and does not query: numbers and courses are handed in.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from alerting.numbers import NotLookedUp, Numbers, Point
from alerting.past import Look, Past
from schemas.alerts import Absence, AlertRule, Anomaly, Change
from schemas.backtests import Limit, NoBacktest
from schemas.calendar import HOUR_MS, Calendar, day_date, day_number
from schemas.courses import CoursePoint, Courses, Silence

Grain = Literal["day", "week", "month"]
Course = Mapping[date, Sequence[CoursePoint]]

_WIDTHS: Mapping[Grain, int] = {"day": 1, "week": 7, "month": 28}


@dataclass(frozen=True, slots=True)
class PastReader:
    """`first_day`: the first day with data, None while there is none. `clock` gives Unix ms.

    `courses`: how values came about within their buckets; None: nobody knows.
    """

    numbers: Numbers
    calendar: Calendar
    clock: Callable[[], int]
    first_day: Callable[[], date | None]
    courses: Courses | None = None

    def read(self, rule: AlertRule, days: int) -> Past:
        """The last `days` before today and, where the hours are known, today; and as many buckets before as the rule
        looks back.

        Raises:
            NoBacktest: the subject has no past, or nothing is old enough yet.
        """
        now_ms = self.clock()
        today = day_date(self.calendar.day_of(now_ms))
        if isinstance(rule.comparison, Absence):
            return self._silences(rule, today - timedelta(days=days), now_ms)
        began = self.first_day()
        if began is None:
            raise NoBacktest("there is no data yet")
        whole, grain = self._whole_buckets(rule, days, now_ms)
        whole = [point for point in whole if point.first >= bucket_start(began, grain)]
        first = bisect_right([_next(point.first, grain) for point in whole], today - timedelta(days=days))
        judged = [point.first for point in whole[first:]]
        limits: tuple[Limit, ...] = ("known_now", "nothing_waits")
        if first < look_back(rule):
            limits = (*limits, "short_history")
        running = [bucket_start(today, grain)] if rule.bucket == "running" else []
        course = self._course(rule, [*judged, *running], grain)
        if course is not None:
            looks = self._looks(rule, first, course, grain, now_ms)
            is_hourly = rule.bucket == "running" or len(looks) > len(judged)
            return Past(whole, looks, now_ms, "hour" if is_hourly else grain, (*limits, *_hours(is_hourly)))
        if not judged:
            raise NoBacktest(f"no {grain} of {rule.subject} is over yet")
        looks = [Look(self._end(whole[n].first, grain), n, whole[n]) for n in range(first, len(whole))]
        return Past(whole, looks, now_ms, grain, (*limits, *(("whole_buckets",) if running else ())))

    def _whole_buckets(self, rule: AlertRule, days: int, now_ms: int) -> tuple[Sequence[Point], Grain]:
        try:
            grain = grain_of(self.numbers.series(rule.subject, "complete", 2, now_ms))
            count = -(-days // _WIDTHS[grain]) + look_back(rule)
            return self.numbers.series(rule.subject, "complete", count, now_ms), grain
        except NotLookedUp as error:
            raise NoBacktest(f"{rule.subject} has no past: {error}") from error

    def _course(self, rule: AlertRule, judged: Sequence[date], grain: Grain) -> Course | None:
        if self.courses is None or not judged:
            return None
        return self.courses.course(rule.subject, judged[0], judged[-1], grain)

    def _looks(self, rule: AlertRule, first: int, course: Course, grain: Grain, now_ms: int) -> list[Look]:
        """Of a running bucket its own hours, of a complete one those of the bucket after it.

        What is stamped later than now (the quarter of an hour that is not over) is known now.
        """
        looks: list[Look] = []
        for number, (day, points) in enumerate(sorted(course.items()), start=first):
            begins_ms, ends_ms = self._start(day), self._end(day, grain)
            if rule.bucket == "complete":
                begins_ms, ends_ms = ends_ms, self._end(_next(day, grain), grain)
            known = [point._replace(at_ms=min(point.at_ms, now_ms - 1)) for point in points]
            looks += _as_it_stood(number, day, known, begins_ms, min(ends_ms, now_ms))
        return looks

    def _silences(self, rule: AlertRule, first: date, now_ms: int) -> Past:
        found = self.courses.silences(rule.subject, self._start(first), now_ms) if self.courses is not None else None
        if found is None:
            raise NoBacktest(f"nobody knows when {rule.subject} was seen in the past")
        if not found:
            raise NoBacktest(f"nothing of {rule.subject} was seen since {first}")
        looks = [look for silence in found for look in _looks_of(silence, first, self._start(first))]
        return Past([looks[0].point], looks, now_ms, "silence", ("occurred", "nothing_waits"))

    def _start(self, day: date) -> int:
        return self.calendar.start_of(day_number(day))

    def _end(self, first: date, grain: Grain) -> int:
        return self._start(_next(first, grain))


def look_back(rule: AlertRule) -> int:
    """How many buckets before the judged one the rule compares it with."""
    match rule.comparison:
        case Change(against="last_week"):
            return 7
        case Change():
            return 1
        case Anomaly(buckets=buckets):
            return buckets
    return 0


def grain_of(points: Sequence[Point]) -> Grain:
    """Of consecutive buckets, by their distance; one alone is a day."""
    if len(points) < 2:
        return "day"
    days = (points[1].first - points[0].first).days
    return "day" if days == 1 else "week" if days == 7 else "month"


def bucket_start(day: date, grain: Grain) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def _next(first: date, grain: Grain) -> date:
    return bucket_start(first + timedelta(days=31), grain) if grain == "month" else first + _days(grain)


def _days(grain: Grain) -> timedelta:
    return timedelta(days=_WIDTHS[grain])


def _hours(is_hourly: bool) -> tuple[Limit, ...]:
    return ("hours",) if is_hourly else ()


def _as_it_stood(number: int, first: date, points: Sequence[CoursePoint], begins_ms: int, ends_ms: int) -> list[Look]:
    """A look at the beginning, and at the end of each hour in which something changed, the last just before the end."""
    looks: list[Look] = []
    place = 0
    for at_ms in (begins_ms, *range(begins_ms + HOUR_MS, ends_ms, HOUR_MS), ends_ms - 1):
        while place + 1 < len(points) and points[place + 1].at_ms <= at_ms:
            place += 1
        _, value, samples = points[place]
        if not looks or looks[-1].point[1:] != (value, samples):
            looks.append(Look(at_ms, number, Point(first, value, samples)))
    return looks


def _looks_of(silence: Silence, day: date, from_ms: int) -> list[Look]:
    """When it begins, or the period does, and just before it ends, so that its whole length is seen."""
    begins_ms, ends_ms = max(silence.from_ms, from_ms), silence.to_ms - 1
    looks = [Look(begins_ms, 0, Point(day, None), silence.from_ms)]
    return [*looks, looks[0]._replace(at_ms=ends_ms)] if ends_ms > begins_ms else looks
