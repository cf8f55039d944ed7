"""Statistics of experiments against published examples, and the rule of the verdict."""

from decimal import Decimal

import pytest

from dashboard.experiments import Proportion, chi_squared_tail, difference, judge, sample_ratio, wilson
from schemas.measuring import VariantOutcome


def test_wilsons_interval_of_a_published_example():
    """Newcombe 1998 (one proportion): 81 of 263 gives 0.2553 to 0.3662; of nothing nothing is known."""
    found = wilson(Proportion(81, 263))
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    empty = wilson(Proportion(0, 0))
    assert (empty.low, empty.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090), ((0, 10), (10, 10), 0.6075, 1.0)],
)
def test_newcombes_interval_of_published_examples(one, other, low, high):
    """Newcombe 1998 (two proportions), method 10."""
    found = difference(Proportion(*one), Proportion(*other))
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (low, high)


def test_over_nothing_there_is_no_difference():
    """Nobody was exposed, or nobody could churn."""
    assert difference(Proportion(0, 0), Proportion(1, 2)) is None
    assert difference(Proportion(0, 5), Proportion(1, 2)).relative is None


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (9.488, 4, 0.05), (6.635, 1, 0.01), (13.816, 2, 0.001)],
)
def test_the_tail_of_chi_squared_is_that_of_the_tables(statistic, degrees, p):
    """Odd and even degrees of freedom."""
    assert chi_squared_tail(statistic, degrees) == pytest.approx(p, abs=2e-5)


@pytest.mark.parametrize(
    ("exposed", "status"),
    [([500, 500], "ok"), ([500, 560], "ok"), ([500, 590], "warn"), ([500, 650], "fail"), ([0, 0], "ok")],
)
def test_the_sample_ratio_warns_below_1_and_fails_below_a_tenth_of_a_per_cent(exposed, status):
    """Against equal shares."""
    assert sample_ratio(exposed).status == status


def outcome(name, exposed, converted, before=0, churned=0):
    return VariantOutcome(name, exposed, converted, 0, Decimal(0), before, churned)


@pytest.mark.parametrize(
    ("outcomes", "verdict", "reason"),
    [
        ([outcome("control", 1000, 100), outcome("new", 1000, 150)], "scale", "better"),
        ([outcome("control", 1000, 150), outcome("new", 1000, 100)], "stop", "worse"),
        ([outcome("control", 1000, 100), outcome("new", 1000, 110)], "iterate", "undecided"),
        ([outcome("control", 99, 1), outcome("new", 99, 90)], "iterate", "too_few"),
        ([outcome("control", 1000, 100), outcome("new", 1200, 400)], "iterate", "sample_ratio"),
        (
            [outcome("control", 1000, 100, 400, 10), outcome("new", 1000, 150, 400, 60)],
            "stop",
            "churn_rises",
        ),
        (
            [outcome("a", 1000, 100), outcome("b", 1000, 50), outcome("c", 1000, 160)],
            "scale",
            "better",
        ),
        ([outcome("a", 1000, 100)], "iterate", "one_variant"),
        ([], "iterate", "one_variant"),
    ],
)
def test_the_verdict_follows_its_rule(outcomes, verdict, reason):
    """Scale: the uplift's interval is above 0 and churn's is not; stop: below 0, or churn's above; else iterate."""
    result = judge(outcomes)
    assert (result.verdict, result.reason) == (verdict, reason)


def test_the_control_is_the_variant_of_that_name_else_the_first():
    """It has no verdict of its own."""
    result = judge([outcome("a-new", 500, 10), outcome("Control", 500, 10)])
    assert (result.control, [one.verdict for one in result.variants]) == ("Control", ["iterate", None])
    assert judge([outcome("y", 5, 1), outcome("x", 5, 1)]).control == "x"
