"""Whether a candidate metric is worth steering by: does it move with an outcome, and how much activity tells who stays.

Pure: series and people are handed in. Correlation is no cause; it only says what is not even correlated.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import StatisticsError, correlation

FEWEST_PERIODS = 8
"""From fewer pairs nothing can be said."""

WEAKEST = 0.3
"""Below this nobody would see it in a scatter plot."""

SURE = 0.05
_ALMOST_ONE = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's r over `periods` pairs. `p` is the chance of an r as large from series that have nothing to do with
    each other (Fisher's transformation, two-sided). r is None when a series does not move at all."""

    periods: int
    r: float | None
    p: float | None

    @property
    def can_be_judged(self) -> bool:
        return self.periods >= FEWEST_PERIODS and self.r is not None

    @property
    def is_there(self) -> bool:
        return self.can_be_judged and abs(self.r or 0.0) >= WEAKEST and (self.p or 0.0) <= SURE


def correlate(candidate: Sequence[float | None], outcome: Sequence[float | None]) -> Correlation:
    """Of the periods in which both have a value; both sequences speak of the same periods."""
    pairs = [
        (one, other) for one, other in zip(candidate, outcome, strict=True) if one is not None and other is not None
    ]
    try:
        r = correlation([one for one, _ in pairs], [other for _, other in pairs])
    except StatisticsError:
        return Correlation(len(pairs), None, None)
    return Correlation(len(pairs), r, _chance(r, len(pairs)))


def changes_of(values: Sequence[float | None]) -> list[float | None]:
    """From each period to the next: what is left when both series only grow with time."""
    return [None if before is None or after is None else after - before for before, after in pairwise(values)]


def _chance(r: float, periods: int) -> float | None:
    if periods <= 3:
        return None
    z = math.atanh(max(-_ALMOST_ONE, min(_ALMOST_ONE, r))) * math.sqrt(periods - 3)
    return math.erfc(abs(z) / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class Separation:
    """`threshold` or more of an activity separates who stayed from who left better than any other number.

    `reached_by_retained`, `reached_by_lost`: the shares that reached it; their difference is Youden's index.
    `f1` of "who reaches it stays": the harmonic mean of precision and recall.
    """

    threshold: int
    retained: int
    lost: int
    reached_by_retained: float
    reached_by_lost: float
    f1: float

    @property
    def youden(self) -> float:
        return self.reached_by_retained - self.reached_by_lost


def best_separation(people: Iterable[tuple[int, bool]]) -> Separation | None:
    """The lowest threshold with the highest Youden index over (activity count, stayed) of people.

    None when nobody stayed, nobody left, or those who did it did not stay more often than the others.
    """
    counts = [(count, stayed) for count, stayed in people]
    retained = sum(stayed for _, stayed in counts)
    lost = len(counts) - retained
    thresholds = sorted({count for count, _ in counts if count > 0})
    if not retained or not lost or not thresholds:
        return None
    found = (_separation(threshold, counts, retained, lost) for threshold in thresholds)
    best = max(found, key=lambda separation: separation.youden)
    return best if best.youden > 0 else None


def _separation(threshold: int, counts: Sequence[tuple[int, bool]], retained: int, lost: int) -> Separation:
    stayed = sum(is_retained for count, is_retained in counts if count >= threshold)
    reached = sum(count >= threshold for count, _ in counts)
    f1 = 2 * stayed / (reached + retained)
    return Separation(threshold, retained, lost, stayed / retained, (reached - stayed) / lost, f1)


def people_of(counts: Mapping[str, float], stayed: Mapping[str, float]) -> list[tuple[int, bool]]:
    """Each person of a cohort (`stayed`: 1 or 0 by person) with the number of its messages, 0 where it sent none."""
    return [(int(counts.get(person, 0)), is_retained > 0) for person, is_retained in stayed.items()]
