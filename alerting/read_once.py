"""Reads each value once a pass, so that rules on one number see the same one.

Does not remember anything beyond the pass, nor failures.
"""

from collections.abc import Sequence

from alerting.numbers import Numbers, Point
from schemas.alerts import Bucket, Subject


class ReadOnce:
    """`alerting.numbers.Numbers` of one pass."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._series: dict[tuple[Subject, Bucket, int], Sequence[Point]] = {}
        self._seen: dict[Subject, int | None] = {}

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        key = (subject, bucket, count)
        if key not in self._series:
            self._series[key] = self._numbers.series(subject, bucket, count, now_ms)
        return self._series[key]

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        if subject not in self._seen:
            self._seen[subject] = self._numbers.last_seen_ms(subject, now_ms)
        return self._seen[subject]
