"""Colours hold from their threshold on, and only over the span of time that the threshold is written for."""

from decimal import Decimal

import pytest

from schemas.catalogue import MetricDefinition
from schemas.colours import fits, is_shared_out, span_of, status_of
from schemas.computes import (
    STREAMED,
    Actives,
    Balance,
    Count,
    Distinct,
    EventSet,
    Expression,
    Fact,
    Ratio,
    Sum,
)

SIGNUPS = Distinct(EventSet(("Account Created",)), first=True)


def metric(compute=SIGNUPS, name="m", **fields):
    return MetricDefinition(name, {"en": name}, {"en": ""}, "count", "growth", compute, **fields)


@pytest.mark.parametrize(
    ("direction", "orange", "red", "value", "colour"),
    [
        ("up", "0.15", "0.1", 0.16, "green"),
        ("up", "0.15", "0.1", 0.15, "orange"),
        ("up", "0.15", "0.1", Decimal("0.1"), "red"),
        ("down", "5", "10", 4.9, "green"),
        ("down", "5", "10", 5.0, "orange"),
        ("down", "5", "10", 10.0, "red"),
        ("down", None, "10", 9.0, "green"),
        ("up", "3", None, 0.0, "orange"),
        ("up", None, None, 0.0, "none"),
        ("up", "0.15", "0.1", None, "none"),
    ],
)
def test_a_colour_holds_from_its_threshold_on(direction, orange, red, value, colour):
    """In the bad direction: down to it where up is good, up to it where down is good; 0.1 is exactly 0.1."""
    thresholds = {"orange": orange and Decimal(orange), "red": red and Decimal(red)}
    assert status_of(metric(direction=direction, **thresholds), value) == colour


@pytest.mark.parametrize(
    ("compute", "span"),
    [
        (Count(EventSet()), "month"),
        (Sum(EventSet(), "amount"), "month"),
        (Fact("spend"), "month"),
        (Fact("cash", "last"), None),
        (Actives(EventSet(active=True), 30), None),
        (Balance("end"), None),
        (Balance("churn"), "month"),
        (Ratio(Balance("customers_lost"), Balance("customers_start")), "month"),
        (Ratio(Fact("spend"), SIGNUPS), None),
        (Ratio("spend", "customers"), None),
        (Expression("spend / customers"), None),
        (Expression("mrr × (1 - churned ÷ mrr)", {"churned": Balance("churn")}), "month"),
        (Expression("spend / previous(spend) - 1"), None),
        (Expression("2 * mrr"), None),
        (Expression("not ( an expression"), None),
    ],
)
def test_thresholds_of_what_grows_with_time_are_for_one_span_of_it(compute, span):
    """Counts and sums grow; levels, and one sum over another, do not; customers lost over those there were do."""
    metrics = {
        "spend": metric(Fact("spend"), "spend"),
        "customers": metric(Balance("customers_new"), "customers"),
        "mrr": metric(Balance("end"), "mrr"),
    }
    assert span_of(metric(compute), metrics) == span


@pytest.mark.parametrize(
    ("compute", "is_part"),
    [
        (Count(EventSet()), True),
        (Actives(EventSet(active=True), 30), True),
        (Balance("end"), True),
        (Balance("realised_value"), False),
        (Fact("cash", "last"), True),
        (Fact("margin", "mean"), False),
        (Ratio("mrr", "customers"), False),
        (Expression("100 * (customers - 2) / customers"), False),
        (Expression("mrr * 12"), True),
        (STREAMED["mau"], True),
        (STREAMED["stickiness"], False),
    ],
)
def test_a_part_of_a_whole_is_not_held_against_the_wholes_thresholds(compute, is_part):
    """Visitors of one channel are few for no fault of their own; its conversion stands beside that of all."""
    metrics = {"mrr": metric(Balance("end"), "mrr"), "customers": metric(Balance("customers_end"), "customers")}
    assert is_shared_out(metric(compute), metrics) is is_part


def test_a_balance_over_calendar_months_says_the_same_over_any_range():
    """Monthly churn is monthly churn, on a board of a week too."""
    assert span_of(metric(Ratio(Balance("customers_lost", months=1), Balance("start", months=1))), {}) is None


def test_streamed_counts_are_judged_by_the_day_unless_they_say_otherwise():
    """As the read API always did."""
    assert span_of(metric(STREAMED["signups"], "signups"), {}) == "day"
    assert span_of(metric(STREAMED["signups"], "signups", per="month"), {}) == "month"
    assert span_of(metric(STREAMED["activation_rate"], "activation_rate"), {}) is None


def test_a_metric_that_is_made_of_itself_ends_too():
    """The lint says so elsewhere; here it must only not run on for ever."""
    assert span_of(metric(Ratio("m", "m"), "m"), {"m": metric(Ratio("m", "m"), "m")}) is None


@pytest.mark.parametrize(
    ("span", "days", "is_fit"),
    [
        (None, 91, True),
        ("month", 28, True),
        ("month", 31, True),
        ("month", 27, False),
        ("week", 7, True),
        ("week", 8, False),
        ("day", 1, True),
        ("day", 28, False),
    ],
)
def test_a_board_of_four_weeks_is_held_against_a_months_target(span, days, is_fit):
    """Other lengths are not judged."""
    assert fits(span, days) is is_fit
