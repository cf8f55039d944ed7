"""Ranges of days and the buckets they fall into: days, ISO weeks (from Monday), months (from the first).

Does not read a clock: today is an argument.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from dashboard.failures import Failure, Reason

Grain = Literal["day", "week", "month"]

DEFAULT_DAYS = 30
MAX_DAYS = 800
EARLIEST = date(1970, 1, 5)
LATEST = date(2199, 12, 31)

_DAY = timedelta(days=1)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Days:
    """An inclusive range of workspace days."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        for offset in range(len(self)):
            yield self.first + timedelta(days=offset)


def read_range(first: str | None, last: str | None, today: date, prefix: str = "", most_days: int = MAX_DAYS) -> Days:
    """The range a caller asks for; without `last` it ends today, without `first` it has 30 days.

    `prefix`: what the names of the parameters begin with. `most_days`: how long it may be.

    Raises:
        Failure: 422 for what is no date, runs backwards, or is longer than that.
    """
    end = read_date(f"{prefix}to", last) if last is not None else today
    start = read_date(f"{prefix}from", first) if first is not None else end - (DEFAULT_DAYS - 1) * _DAY
    if start > end:
        raise Failure(Reason.INVALID_PARAMETER, f"{prefix}from: {start} lies after {prefix}to: {end}")
    if len(Days(start, end)) > most_days:
        raise Failure(Reason.INVALID_PARAMETER, f"{prefix}from, {prefix}to: a range has at most {most_days} days")
    return Days(start, end)


def read_date(name: str, text: str) -> date:
    """Raises `Failure`: 422."""
    try:
        day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise Failure(Reason.INVALID_PARAMETER, f"{name}: not a date like 2026-11-01 between {EARLIEST} and {LATEST}")
    return day


def buckets_of(days: Days, grain: Grain) -> list[Days]:
    """Every bucket that has a day in the range, each whole: what it says must not depend on the question."""
    buckets = []
    start = bucket_start(days.first, grain)
    while start <= days.last:
        end = _bucket_end(start, grain)
        buckets.append(Days(start, end))
        start = end + _DAY
    return buckets


def last_days(end: date, count: int) -> Days:
    """So many days, the last of them included."""
    return Days(end - (count - 1) * _DAY, end)


def bucket_start(day: date, grain: Grain) -> date:
    if grain == "week":
        return day - day.weekday() * _DAY
    return day.replace(day=1) if grain == "month" else day


def _bucket_end(start: date, grain: Grain) -> date:
    if grain == "week":
        return start + 6 * _DAY
    if grain == "month":
        return (start + 31 * _DAY).replace(day=1) - _DAY
    return start
