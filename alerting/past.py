"""The past as a rule would have seen it: looks at which something changed, served as `alerting.numbers.Numbers`.

Does not judge, and does not know where values come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from alerting.numbers import Point
from schemas.alerts import Bucket, Subject
from schemas.backtests import Limit, Step


class Look(NamedTuple):
    """A moment at which what the rule sees changed; it holds until the next one.

    `bucket`: which of the buckets was judged then, and `point` how it stood. `last_seen_ms`: of absence rules.
    """

    at_ms: int
    bucket: int
    point: Point
    last_seen_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """`buckets`: whole ones, oldest first, without gaps, beginning before the first look as far as rules look back.

    `looks` in ascending order; the last one holds until `to_ms`.
    """

    buckets: Sequence[Point]
    looks: Sequence[Look]
    to_ms: int
    steps: Step
    limits: tuple[Limit, ...] = ()


class Then:
    """`Numbers` of one look: nothing later is known."""

    def __init__(self, past: Past, look: Look) -> None:
        self._past = past
        self._look = look

    def series(self, _subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        """Buckets before the first one that is known are there without a value."""
        end = self._look.bucket
        known = self._past.buckets[max(0, end - count + 1) : end]
        missing = count - 1 - len(known)
        first = (*known, self._look.point)[0].first
        width = self._width()
        before = [Point(first - width * back, None) for back in range(missing, 0, -1)]
        return [*before, *known, self._look.point]

    def last_seen_ms(self, _subject: Subject, _now_ms: int) -> int | None:
        return self._look.last_seen_ms

    def _width(self) -> timedelta:
        buckets = self._past.buckets
        return buckets[1].first - buckets[0].first if len(buckets) > 1 else timedelta(days=1)
