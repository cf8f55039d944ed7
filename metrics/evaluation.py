"""A metric's values over buckets out of those of its leaves, whole or by segment.

Does not compute leaves or keep anything: how they are read is handed in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from metrics.asking import WHOLE, Bucket, Pair
from metrics.formula import Formula, Leaf, leaves_of, looks_back, pair_of
from metrics.kinds import NOTHING, Rollup, nothing_of, rollup_of, sum_of, value_of
from schemas.computes import Compute, Concentration, Count, Mean, Sum, TimeBetween, UsageInterval
from schemas.measuring import OTHERS, Value


class Span(NamedTuple):
    """A bucket and the one before it, which `previous` speaks of."""

    bucket: Bucket
    before: Bucket


Read = Callable[[Leaf, Sequence[Bucket]], Mapping[Bucket, Pair]]
"""Every bucket asked for."""

SegmentPairs = Mapping[str | None, Mapping[Bucket, Pair]]

ReadSegments = Callable[[Leaf, Sequence[Bucket]], SegmentPairs | None]
"""By segment; under `WHOLE` alone if the dimension does not apply to this leaf; None: it has no value then."""


@dataclass(frozen=True, slots=True)
class SegmentValues:
    """One segment of a split. `size` ranks it."""

    segment: str | None
    pairs: Sequence[Pair]
    size: Decimal


def evaluate_whole(formula: Formula, spans: Sequence[Span], read: Read) -> list[Pair]:
    """One pair for each span."""
    buckets = _needed(formula, spans)
    found = {leaf: read(leaf, buckets) for leaf in leaves_of(formula)}
    return [
        pair_of(formula, lambda leaf, back, span=span: found[leaf][span.before if back else span.bucket])  # type: ignore[misc]
        for span in spans
    ]


@dataclass(frozen=True, slots=True)
class Ranking:
    """`top` segments are told, others as one. Sizes are of the first `ranked` spans (None: of all).

    `are_disjoint`: nobody is in two segments.
    """

    top: int
    ranked: int | None = None
    are_disjoint: bool = True


def evaluate_segments(
    formula: Formula, spans: Sequence[Span], read: ReadSegments, ranking: Ranking
) -> list[SegmentValues]:
    """The largest segment first, all behind the top ones united at the end."""
    buckets = _needed(formula, spans)
    answers = {leaf: read(leaf, buckets) for leaf in leaves_of(formula)}
    table = _Table(answers, formula, spans, ranking.are_disjoint)
    rows = sorted((table.row(name, ranking.ranked) for name in table.segments), key=_rank)
    if len(rows) <= ranking.top:
        return rows
    united = table.united([row.segment for row in rows[ranking.top :]])
    return [*rows[: ranking.top], united]


def value_from(pair: Pair, bucket: Bucket, version: int = 1, restated: bool = False) -> Value:
    return Value(bucket.first, pair.numerator, pair.denominator, value_of(pair), pair.is_maturing, restated, version)


class _Table:
    """Leaves by segment and bucket."""

    def __init__(
        self,
        answers: Mapping[Leaf, SegmentPairs | None],
        formula: Formula,
        spans: Sequence[Span],
        are_disjoint: bool,
    ) -> None:
        self._are_disjoint = are_disjoint
        self._answers = answers
        self._formula = formula
        self._spans = spans

    @property
    def segments(self) -> list[str | None]:
        """Every segment of any leaf, once."""
        names = (name for answer in self._answers.values() for name in answer or {} if name != WHOLE)
        return list(dict.fromkeys(names))

    def row(self, segment: str | None, ranked: int | None) -> SegmentValues:
        pairs = self._pairs(lambda leaf, bucket: self._of_segment(leaf, segment, bucket))
        return SegmentValues(segment, pairs, _size(pairs[:ranked]))

    def united(self, segments: Sequence[str | None]) -> SegmentValues:
        """Segments that have nobody in common, as one."""
        pairs = self._pairs(lambda leaf, bucket: self._of_several(leaf, segments, bucket))
        return SegmentValues(OTHERS, pairs, Decimal(0))

    def _pairs(self, of: Callable[[Leaf, Bucket], Pair]) -> list[Pair]:
        return [
            pair_of(self._formula, lambda leaf, back, span=span: of(leaf, span.before if back else span.bucket))  # type: ignore[misc]
            for span in self._spans
        ]

    def _of_segment(self, leaf: Leaf, segment: str | None, bucket: Bucket) -> Pair:
        answer = self._answers[leaf]
        if answer is None:
            return NOTHING
        pairs = answer.get(segment, answer.get(WHOLE, {}))
        return pairs.get(bucket, nothing_of(leaf.compute))

    def _of_several(self, leaf: Leaf, segments: Sequence[str | None], bucket: Bucket) -> Pair:
        answer = self._answers[leaf]
        if answer is None or WHOLE in answer:
            return self._of_segment(leaf, None, bucket)
        if not can_be_united(leaf.compute, self._are_disjoint):
            return NOTHING
        pairs = [answer[name][bucket] for name in segments if bucket in answer.get(name, {})]
        return sum_of(pairs) if pairs else nothing_of(leaf.compute)


def can_be_united(compute: Compute, are_disjoint: bool) -> bool:
    """Whether segments add up: medians do not, nor shares of the largest, nor people who are in several segments."""
    if isinstance(compute, TimeBetween):
        return compute.statistic == "mean"
    if isinstance(compute, UsageInterval | Concentration):
        return False
    return are_disjoint or isinstance(compute, Count | Sum | Mean)


def rollups_of(formula: Formula) -> frozenset[Rollup]:
    return frozenset(rollup_of(leaf.compute) for leaf in leaves_of(formula))


def _needed(formula: Formula, spans: Sequence[Span]) -> list[Bucket]:
    buckets: Iterable[Bucket] = (span.bucket for span in spans)
    if looks_back(formula):
        buckets = [one for span in spans for one in span]
    return sorted(set(buckets), key=lambda bucket: (bucket.first, bucket.last))


def _size(pairs: Sequence[Pair]) -> Decimal:
    """What segments are ranked by: of rates the denominators, else the numerators."""
    parts = [pair.denominator if pair.denominator is not None else pair.numerator for pair in pairs]
    return sum((abs(part) for part in parts if part is not None), Decimal(0))


def _rank(row: SegmentValues) -> tuple[Decimal, bool, str]:
    return -row.size, row.segment is None, row.segment or ""
