"""Values bound to a statement under names of their own, and the days of the workspace as the engine reckons them.

Knows no table.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from metrics.asking import Bucket
from schemas.calendar import Calendar, day_number

PRECEDENCE_OF_ZERO = 9_000_000_000_000_000
"""What `precedence` is at Unix time 0; it falls by 1 every millisecond."""

AT_MS = f"toInt64({PRECEDENCE_OF_ZERO} - precedence)"
"""When a row of `metric_events` occurred, in Unix milliseconds."""

EARLIER = "(bitShiftLeft(toUInt128(precedence), 64) + message)"
LATER = f"(bitShiftLeft(toUInt128({AT_MS}), 64) + message)"
"""Numbers by which rows of `metric_events` are ordered in time; two at the same instant differ all the same.

One number, as the engine compares tuples several times slower.
"""


class Parameters:
    """What a statement says as `{name:Type}`. The same value gets the same name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._names: dict[tuple[str, str], str] = {}

    def bind(self, value: Any, kind: str = "String") -> str:
        key = (repr(value), kind)
        if key not in self._names:
            self._names[key] = f"p{len(self._names)}"
            self.values[self._names[key]] = value
        return f"{{{self._names[key]}:{kind}}}"


def within(calendar: Calendar, first: date | None, last: date | None) -> str:
    """A condition on `precedence`: that a row occurred on these days, both included; None is no border."""
    parts = []
    if first is not None:
        parts.append(f"precedence <= {PRECEDENCE_OF_ZERO - calendar.start_of(day_number(first))}")
    if last is not None:
        parts.append(f"precedence > {PRECEDENCE_OF_ZERO - calendar.start_of(day_number(last) + 1)}")
    return " AND ".join(parts) or "1"


def bucket_of(day: str, buckets: Sequence[Bucket]) -> str:
    """The number of the bucket, from 1, that holds a day (a UInt16 expression); 0 for none."""
    if len(buckets) == 1:
        return f"toUInt16({day} BETWEEN {day_number(buckets[0].first)} AND {day_number(buckets[0].last)})"
    days = [
        (number, index)
        for index, bucket in enumerate(buckets, start=1)
        for number in range(day_number(bucket.first), day_number(bucket.last) + 1)
    ]
    if not days:
        return "0"
    numbers, indexes = zip(*days, strict=True)
    if len(buckets) == len(days) == numbers[-1] - numbers[0] + 1:
        return f"if({day} BETWEEN {numbers[0]} AND {numbers[-1]}, toUInt16({day} - {numbers[0] - 1}), 0)"
    return f"transform({day}, {list(numbers)}, {list(indexes)}, 0)"
