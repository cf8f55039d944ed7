"""Reads computations by segment; those that a dimension says nothing of stay whole, or have no value.

Does not evaluate metrics: see `metrics.evaluation`.
"""

from collections.abc import Sequence

from metrics.asking import WHOLE, Ask, Bucket, Computer, Pair
from metrics.evaluation import SegmentPairs
from metrics.formula import Leaf
from metrics.keeper import PointKeeper
from metrics.kinds import NOTHING, nothing_of
from metrics.periods import in_turns
from metrics.splitting import is_about, without_property
from schemas.measuring import OTHERS, Segment, UnknownDimension


class SegmentReader:
    """Reads for one question. `is_alone`: the metric is made of nothing else, so that a refusal is the answer."""

    def __init__(
        self,
        keeper: PointKeeper,
        computer: Computer,
        filters: tuple[Segment, ...],
        split: str = "",
        is_alone: bool = False,
    ) -> None:
        self._keeper = keeper
        self._computer = computer
        self._filters = filters
        self._split = split
        self._is_alone = is_alone
        self._refused: list[UnknownDimension] = []
        self._has_answers = False

    def whole(self, leaf: Leaf, buckets: Sequence[Bucket]) -> dict[Bucket, Pair]:
        """Of a question without a split: every bucket."""
        found = self.segments(leaf, buckets)
        if found is None:
            return dict.fromkeys(buckets, NOTHING)
        pairs, nothing = found.get(WHOLE, {}), nothing_of(leaf.compute)
        return {bucket: pairs.get(bucket, nothing) for bucket in buckets}

    def segments(self, leaf: Leaf, buckets: Sequence[Bucket]) -> SegmentPairs | None:
        """As `metrics.evaluation.ReadSegments`; buckets with nothing are absent."""
        filters, split = self._filters, self._split
        if not self._is_alone and not is_about(leaf.compute):
            filters, split = without_property(filters, split)
        if not filters and not split:
            return {WHOLE: self._keeper.read(leaf, buckets, self._computer)}
        try:
            found = self._ask(leaf, buckets, filters, split)
        except UnknownDimension as error:
            self._refused.append(error)
            return None
        self._has_answers = True
        return found

    def others(self, leaf: Leaf, buckets: Sequence[Bucket], told: tuple[str | None, ...]) -> dict[Bucket, Pair]:
        """All segments but those told as one, of a leaf that `segments` has answered; nobody counts twice in it."""
        filters, split = self._filters, self._split
        if not self._is_alone and not is_about(leaf.compute):
            filters, split = without_property(filters, split)
        return self._ask(leaf, buckets, filters, split, told).get(OTHERS, {})

    def check(self) -> None:
        """Raises UnknownDimension if nothing that was asked for knows the dimension."""
        if self._refused and not self._has_answers:
            raise self._refused[0]

    def _ask(
        self,
        leaf: Leaf,
        buckets: Sequence[Bucket],
        filters: tuple[Segment, ...],
        split: str,
        told: tuple[str | None, ...] | None = None,
    ) -> dict[str | None, dict[Bucket, Pair]]:
        found: dict[str | None, dict[Bucket, Pair]] = {}
        for turn in in_turns(buckets):
            answer = self._keeper.ask(leaf, Ask(turn, filters, split, told), self._computer)
            for segment, by_day in answer.items():
                known = found.setdefault(segment, {})
                known |= {bucket: by_day[bucket.first] for bucket in turn if bucket.first in by_day}
        return found
