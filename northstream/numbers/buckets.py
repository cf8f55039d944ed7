"""The buckets that a rule speaks of: the judged one and the whole ones before it, and the points of what nobody knows.

Does not read a clock: today is an argument.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from alerting.numbers import Point
from metrics.periods import bucket_before, bucket_end, bucket_start
from schemas.alerts import Bucket
from schemas.calendar import Calendar, day_date, day_number
from schemas.measuring import Grain


class Span(NamedTuple):
    """Days of a bucket, both included."""

    first: date
    last: date


def spans_of(today: date, bucket: Bucket, grain: Grain, count: int) -> list[Span]:
    """The bucket that contains today, or the one before it, last; `count` in all, oldest first."""
    start = bucket_start(today, grain)
    if bucket == "complete":
        start = bucket_before(start, grain).first
    return spans_until(start, grain, count)


def spans_until(start: date, grain: Grain, count: int) -> list[Span]:
    """The bucket that begins with `start` and those before it; `count` in all, oldest first."""
    found = [Span(start, bucket_end(start, grain))]
    while len(found) < count:
        before = bucket_before(found[-1].first, grain)
        found.append(Span(before.first, before.last))
    return found[::-1]


def end_ms(calendar: Calendar, span: Span) -> int:
    """The first instant after a bucket (Unix ms)."""
    return calendar.start_of(day_number(span.last) + 1)


def today_of(calendar: Calendar, now_ms: int) -> date:
    return day_date(calendar.day_of(now_ms))


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def without_last(points: Sequence[Point]) -> list[Point]:
    """The same, but nobody knows the last one."""
    return [*points[:-1], Point(points[-1].first, None, None)]
