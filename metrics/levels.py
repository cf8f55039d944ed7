"""Levels of days out of the steps between them: how many are in their window on a bucket's last day.

Does not query.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from metrics.asking import WHOLE, Answer, Ask, Pair
from schemas.calendar import day_number


def levels(rows: Iterable[Sequence[Any]], ask: Ask) -> Answer:
    """`rows`: (segment, day number, step), the days of a segment in ascending order."""
    steps: dict[str | None, list[tuple[int, int]]] = {}
    for segment, day, step in rows:
        steps.setdefault(segment if ask.split else WHOLE, []).append((day, step))
    answer = {}
    for segment, found in steps.items():
        days = [day for day, _ in found]
        sums = [0, *accumulate(step for _, step in found)]
        answer[segment] = {
            bucket.first: Pair(Decimal(sums[bisect_right(days, day_number(bucket.last))])) for bucket in ask.buckets
        }
    return answer
