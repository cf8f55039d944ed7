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
from schemas.computes import (
    Actives,
    Compute,
    Concentration,
    Counter,
    Distinct,
    Sessions,
    TimeBetween,
    UsageInterval,
)
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

ReadOthers = Callable[[Leaf, Sequence[Bucket], tuple[str | None, ...]], Mapping[Bucket, Pair]]
"""All segments but those named, as one, of a leaf that has segments; buckets with nothing are absent."""


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

    `others` reads those behind the top ones as one; without it, they have no value where segments do not add up.
    """

    top: int
    ranked: int | None = None
    split: str = ""
    others: ReadOthers | None = None


def evaluate_segments(
    formula: Formula, spans: Sequence[Span], read: ReadSegments, ranking: Ranking
) -> list[SegmentValues]:
    """The largest segment first, all behind the top ones united at the end."""
    buckets = _needed(formula, spans)
    answers = {leaf: read(leaf, buckets) for leaf in leaves_of(formula)}
    table = _Table(answers, formula, spans)
    rows = sorted((table.row(name, ranking.ranked) for name in table.segments), key=_rank)
    if len(rows) <= ranking.top:
        return rows
    told = tuple(row.segment for row in rows[: ranking.top])
    read_others = {leaf: _others(leaf, buckets, told, ranking) for leaf in answers if _overlap(leaf, answers, ranking)}
    united = table.united([row.segment for row in rows[ranking.top :]], read_others)
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
    ) -> None:
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

    def united(
        self, segments: Sequence[str | None], read: Mapping[Leaf, Mapping[Bucket, Pair] | None]
    ) -> SegmentValues:
        """Segments as one: of the leaves in `read` what was read of them (None: no value), of others their sum."""

        def of_leaf(leaf: Leaf, bucket: Bucket) -> Pair:
            if leaf not in read:
                return self._of_several(leaf, segments, bucket)
            found = read[leaf]
            return NOTHING if found is None else found.get(bucket, nothing_of(leaf.compute))

        pairs = self._pairs(of_leaf)
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
        pairs = [answer[name][bucket] for name in segments if bucket in answer.get(name, {})]
        return sum_of(pairs) if pairs else nothing_of(leaf.compute)


def can_be_united(compute: Compute) -> bool:
    """Whether segments that have nobody in common add up: medians do not, nor shares of the largest."""
    if isinstance(compute, TimeBetween):
        return compute.statistic == "mean"
    return not isinstance(compute, UsageInterval | Concentration)


def may_share(compute: Compute, split: str) -> bool:
    """Whether somebody may be in two segments of a dimension.

    Persons have one channel; their account is that of each message, and accounts have people of several channels. Who
    counts by the first message alone is in its segment alone.
    """
    match compute:
        case Distinct(first=True):
            return False
        case Distinct(of=of) | Actives(of=of):
            return split != ("channel" if of == "person" else "account")
        case Counter(numerator=numerator):
            return numerator in ("dau", "wau", "mau") and split != "channel"
        case Sessions(part=part):
            return part == "per_person" and split != "channel"
        case _:
            return False


def _overlap(leaf: Leaf, answers: Mapping[Leaf, SegmentPairs | None], ranking: Ranking) -> bool:
    answer = answers[leaf]
    if answer is None or WHOLE in answer:
        return False
    return not can_be_united(leaf.compute) or may_share(leaf.compute, ranking.split)


def _others(
    leaf: Leaf, buckets: Sequence[Bucket], told: tuple[str | None, ...], ranking: Ranking
) -> Mapping[Bucket, Pair] | None:
    if ranking.others is None or isinstance(leaf.compute, Concentration):
        return None
    return ranking.others(leaf, buckets, told)


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
