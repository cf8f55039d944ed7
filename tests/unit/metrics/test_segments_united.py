"""Segments behind the top ones as one: added up where nobody is in two, else asked for by themselves."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from metrics.asking import Bucket, Pair
from metrics.evaluation import Ranking, Span, evaluate_segments
from metrics.formula import Leaf, formula_of
from schemas.catalogue import MetricDefinition
from schemas.computes import Compute, Count, Distinct, EventSet, Retention, Sessions, TimeBetween
from schemas.measuring import OTHERS

DAY = Bucket(date(2026, 11, 20), date(2026, 11, 20))
SOURCE = EventSet(events=("Task Completed",))


def united(compute: Compute, split: str, reads: bool = True) -> Pair:
    """Of five segments of 5 to 1 the last three as one; asked for by themselves they are 4."""
    metric = MetricDefinition("m", {"en": "m"}, {"en": "m"}, "count", "team", compute)
    answer = {name: {DAY: Pair(Decimal(5 - place))} for place, name in enumerate(("a", "b", "c", "d", None))}

    def others(leaf: Leaf, buckets: Sequence[Bucket], told: tuple[str | None, ...]) -> dict[Bucket, Pair]:
        assert (list(buckets), told) == ([DAY], ("a", "b"))
        return {DAY: Pair(Decimal(4))}

    rows = evaluate_segments(
        formula_of(metric.id, {metric.id: metric}),
        [Span(DAY, DAY)],
        lambda leaf, buckets: answer,
        Ranking(2, None, split, others if reads else None),
    )
    assert [row.segment for row in rows] == ["a", "b", OTHERS]
    return rows[-1].pairs[0]


@pytest.mark.parametrize(
    ("compute", "split", "is_sum"),
    [
        (Count(SOURCE), "property.feature", True),
        (Distinct(SOURCE), "channel", True),
        (Distinct(SOURCE), "account", False),
        (Distinct(SOURCE), "property.feature", False),
        (Distinct(SOURCE, "account"), "channel", False),
        (Distinct(SOURCE, "account"), "account", True),
        (Distinct(SOURCE, first=True), "property.feature", True),
        (Retention(7), "plan", True),
        (Sessions("per_person"), "account", False),
        (TimeBetween(SOURCE, SOURCE), "channel", False),
        (TimeBetween(SOURCE, SOURCE, statistic="mean"), "channel", True),
    ],
)
def test_nobody_counts_twice_among_the_others(compute: Compute, split: str, is_sum: bool) -> None:
    """An account whose people came by four channels is one account, whatever of them is shown by name."""
    assert united(compute, split) == Pair(Decimal(6 if is_sum else 4))
    assert united(compute, split, reads=False) == Pair(Decimal(6) if is_sum else None)
