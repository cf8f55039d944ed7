"""Buckets of days: whole days, ISO weeks and months of a range, cut to today while they run, and the bucket before one.

Does not read a clock: today is an argument.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from metrics.asking import Bucket
from schemas.measuring import Grain

GRAINS: tuple[Grain, ...] = ("day", "week", "month")

DAY = timedelta(days=1)


def bucket_start(day: date, grain: Grain) -> date:
    """The first day of the bucket that holds a day; weeks begin on Monday."""
    if grain == "week":
        return day - day.weekday() * DAY
    return day.replace(day=1) if grain == "month" else day


def bucket_end(start: date, grain: Grain) -> date:
    """The last day of the bucket that begins with `start`."""
    if grain == "week":
        return start + 6 * DAY
    if grain == "month":
        return (start + 31 * DAY).replace(day=1) - DAY
    return start


def buckets_of(first: date, last: date, grain: Grain, today: date) -> list[Bucket]:
    """Every bucket that has a day in the range, in order; the running one ends today, those after it are whole."""
    buckets = []
    start = bucket_start(first, grain)
    while start <= last:
        end = bucket_end(start, grain)
        buckets.append(cut(start, end, today))
        start = end + DAY
    return buckets


def cut(first: date, last: date, today: date) -> Bucket:
    """The range as a bucket that ends today if it is running."""
    return Bucket(first, today if first <= today < last else last)


def bucket_before(start: date, grain: Grain) -> Bucket:
    """The whole bucket before the one that begins with `start`."""
    end = start - DAY
    return Bucket(bucket_start(end, grain), end)


def range_before(first: date, last: date) -> Bucket:
    """Of a whole month the month before it, else as many days before `first`."""
    end = first - DAY
    if first.day == 1 and last == bucket_end(first, "month"):
        return Bucket(bucket_start(end, "month"), end)
    return Bucket(first - ((last - first).days + 1) * DAY, end)


def days_in(bucket: Bucket) -> int:
    return (bucket.last - bucket.first).days + 1


def days_of(bucket: Bucket) -> Iterator[date]:
    """Its days, in order."""
    for offset in range(days_in(bucket)):
        yield bucket.first + offset * DAY


def in_turns(buckets: Sequence[Bucket]) -> list[list[Bucket]]:
    """The buckets without repetitions, in lists of which none overlaps itself, each in ascending order."""
    turns: list[list[Bucket]] = []
    for bucket in sorted(set(buckets), key=lambda one: (one.first, one.last)):
        for turn in turns:
            if turn[-1].last < bucket.first:
                turn.append(bucket)
                break
        else:
            turns.append([bucket])
    return turns
