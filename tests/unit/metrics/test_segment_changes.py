"""What of a formula adds up over segments, how small segments are united, and when much was quarantined."""

from decimal import Decimal

import pytest

from metrics.asking import Pair
from metrics.doubts import Intake
from metrics.evaluation import SegmentValues
from metrics.formula import Arithmetic, Division, Formula, Leaf
from metrics.needs import Needs
from metrics.segment_changes import TOP, addends_of, shares_of
from schemas.computes import Balance, Compute, Concentration, Count, EventSet, Fact, Mean, TimeBetween
from schemas.expressions import parse_expression
from schemas.measuring import OTHERS

COUNT = Count(EventSet(events=("Order Completed",)))
MEAN = Mean(COUNT.source, "amount")


def leaf(compute: Compute) -> Leaf:
    return Leaf(compute, repr(compute))


def arithmetic(text: str, compute: Compute = COUNT) -> Arithmetic:
    return Arithmetic(parse_expression(text), {name: leaf(compute) for name in "abc"})


@pytest.mark.parametrize(
    ("formula", "addends"),
    [
        (leaf(COUNT), 1),
        (leaf(MEAN), 1),
        (leaf(Balance("end")), 1),
        (leaf(TimeBetween(COUNT.source, COUNT.source)), 0),
        (leaf(Concentration(20)), 0),
        (Division(leaf(COUNT), leaf(COUNT), Decimal(1)), 1),
        (Division(leaf(MEAN), leaf(COUNT), Decimal(1)), 0),
        (Division(leaf(COUNT), leaf(Fact("spend", "mean")), Decimal(1)), 0),
        (arithmetic("a + b - 2 * c / 3"), 1),
        (arithmetic("a - previous(a)"), 1),
        (arithmetic("(a - b) / c"), 2),
        (arithmetic("100 * (a - b) / c"), 2),
        (arithmetic("(a / b) * 12"), 2),
        (arithmetic("12 * (a / b)"), 2),
        (arithmetic("a * b"), 0),
        (arithmetic("1 - a / b"), 0),
        (arithmetic("min(a, b)"), 0),
        (arithmetic("a + 5"), 0),
        (arithmetic("a / b", MEAN), 0),
    ],
)
def test_only_what_adds_up_over_segments_is_split(formula: Formula, addends: int) -> None:
    """A sum is one addend, one sum over another is two; what has no sum over segments has none."""
    assert len(addends_of(formula)) == addends


def rows(**levels: tuple[int, int]) -> list[SegmentValues]:
    return [
        SegmentValues(name, [Pair(Decimal(before)), Pair(Decimal(after))], Decimal(0))
        for name, (before, after) in levels.items()
    ]


def test_small_segments_are_united() -> None:
    """The largest shares have rows of their own, whichever way they go; the change is shared out to the last."""
    levels = {f"s{n}": (10, 10 + (-1) ** n * n) for n in range(TOP + 3)}
    whole = [Pair(Decimal(sum(level[side] for level in levels.values()))) for side in (0, 1)]
    change = (whole[0].numerator, whole[1].numerator)
    shares = shares_of([rows(**levels)], [whole], change)
    assert [share.name for share in shares] == [*(f"s{n}" for n in range(TOP + 2, 2, -1)), OTHERS]
    assert sum(share.share for share in shares) == change[1] - change[0]  # type: ignore[operator]
    assert shares[-1].share == 2 - 1 + 0


def test_one_segment_explains_nothing() -> None:
    """It is the whole."""
    assert shares_of([rows(only=(1, 5))], [[Pair(Decimal(1)), Pair(Decimal(5))]], (Decimal(1), Decimal(5))) == []


def test_a_ratio_whose_sizes_are_not_those_of_the_whole_is_not_split() -> None:
    """Where the denominator knows no such segments each would be weighed by the whole of it."""
    sizes = rows(ads=(100, 100), email=(100, 100))
    whole = [[Pair(Decimal(5)), Pair(Decimal(7))], [Pair(Decimal(100)), Pair(Decimal(100))]]
    assert shares_of([rows(ads=(2, 3), email=(3, 4)), sizes], whole, (Decimal("0.05"), Decimal("0.07"))) == []


@pytest.mark.parametrize(
    ("refused", "taken", "is_spike"),
    [
        ((0, 0), (100, 100), False),
        ((0, 19), (100, 0), False),
        ((0, 20), (100, 380), True),
        ((0, 20), (100, 381), False),
        ((20, 0), (0, 100), True),
        ((20, 20), (100, 100), False),
        ((10, 20), (100, 100), False),
        ((10, 30), (100, 100), True),
    ],
)
def test_a_spike_is_many_a_share_and_a_rise(refused: tuple[int, int], taken: tuple[int, int], is_spike: bool) -> None:
    """20 messages, 5 %, and twice the other period's share, in whichever of the two."""
    intake = Intake({"Order Completed": refused, "Other": (999, 0)}, {"Order Completed": taken})
    assert intake.has_spike([Needs(frozenset({"Order Completed"}))]) is is_spike
    assert not intake.has_spike([Needs(frozenset({"Unheard Of"}))])


def test_what_stands_on_all_messages_is_held_against_all() -> None:
    """A tenth of one rare event refused is nothing to those who count everybody's actions."""
    intake = Intake({"Rare": (0, 50)}, {"Rare": (500, 450), "Common": (9000, 9000)})
    assert intake.has_spike([Needs(frozenset({"Rare"}))])
    assert not intake.has_spike([Needs(None)])
