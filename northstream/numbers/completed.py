"""The buckets of one question, and which of them is the last complete one.

A bucket is complete when it is over and everything that was received before its end is in its number.
Does not find out what is complete: see `warehouse.completeness`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerting.numbers import Point
from northstream.numbers.buckets import Span, end_ms, spans_of, today_of, without_last
from schemas.alerts import Bucket
from schemas.calendar import Calendar
from schemas.measuring import Grain

PATIENCE_MS = 3_600_000
"""So long after its end a bucket may not be complete yet, and the one before it is still the last complete one: rules
do not lose sight of their number each midnight. After that nobody knows the number (ADR 0710)."""


@dataclass(frozen=True, slots=True)
class Question:
    """`count` buckets of a grain up to the one that is judged at `now_ms` (Unix ms)."""

    bucket: Bucket
    grain: Grain
    count: int
    now_ms: int
    calendar: Calendar

    @property
    def spans(self) -> list[Span]:
        """The buckets whose numbers are needed, oldest first: of complete ones one more than `count`."""
        wanted = self.count + (self.bucket == "complete")
        return spans_of(today_of(self.calendar, self.now_ms), self.bucket, self.grain, wanted)

    def told(self, points: Sequence[Point], is_complete: Callable[[Span, int], bool]) -> list[Point]:
        """The points of the answer out of those of `spans`. `is_complete`: of a bucket and its end (Unix ms)."""
        if self.bucket == "running":
            return list(points)
        before, last = self.spans[-2:]
        over_ms = end_ms(self.calendar, last)
        if is_complete(last, over_ms):
            return list(points[1:])
        if self.now_ms - over_ms < PATIENCE_MS and is_complete(before, end_ms(self.calendar, before)):
            return list(points[:-1])
        return without_last(points[1:])
