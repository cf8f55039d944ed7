"""What is known of each kind: how days make up a range, what no data means, what a change must be of to touch it."""

from datetime import date
from decimal import Decimal

import pytest

from metrics.asking import Bucket, Pair
from metrics.changes import ALL, Cause, Changes
from metrics.kinds import nothing_of, rollup_of, sum_of, value_of
from metrics.needs import needs_of
from metrics.periods import bucket_before, buckets_of, cut, in_turns, range_before
from schemas.computes import (
    Actives,
    Balance,
    Concentration,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    Fact,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sql,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions

DAY = date(2026, 11, 18)  # a Wednesday
ORDERS = EventSet(events=("Order Completed",))
FUNNEL = FunnelDefinition("buying", {"en": ""}, 2 * 86_400, (FunnelStep("Order Completed", {"en": ""}),))
DEFINITIONS = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track", "page")),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(),
    funnels=(FUNNEL,),
)


@pytest.mark.parametrize(
    ("compute", "rollup"),
    [
        (Count(ORDERS), "sum"),
        (Mean(ORDERS, "amount"), "sum"),
        (Distinct(ORDERS), "whole"),
        (Distinct(ORDERS, first=True), "sum"),
        (Actives(ORDERS, 30), "last"),
        (TimeBetween(ORDERS, ORDERS), "whole"),
        (Sessions("bounces"), "sum"),
        (Sessions("per_person"), "whole"),
        (Balance("start"), "first"),
        (Balance("end"), "last"),
        (Balance("churn"), "sum"),
        (Balance("customers_lost"), "whole"),
        (Balance("customers_lost", months=12), "last"),
        (Fact("cash", "last"), "last"),
        (Fact("spend"), "sum"),
        (Counter("dau", None, "last_day"), "last"),
        (Sql("SELECT 1"), "sum"),
    ],
)
def test_days_make_up_a_range_only_where_that_says_the_same(compute, rollup):
    """Persons who come on two days are one person in a week; what a month's end says is said by its last day."""
    assert rollup_of(compute) == rollup


@pytest.mark.parametrize(
    ("compute", "value"),
    [
        (Count(ORDERS), 0),
        (Balance("end"), 0),
        (Conversion(ORDERS, ORDERS), None),
        (Mean(ORDERS, "amount"), None),
        (Fact("spend"), None),
        (Concentration(20), None),
        (UsageInterval(), None),
    ],
)
def test_no_data_is_nothing_of_a_count_and_no_value_of_a_rate_or_fact(compute, value):
    """Nobody said that nothing was spent."""
    assert value_of(nothing_of(compute)) == value


def test_what_has_no_value_adds_nothing():
    """A sum of nothing known has none either."""
    assert sum_of([Pair(Decimal(2)), Pair(None)]) == Pair(Decimal(2))
    assert sum_of([Pair(None), Pair(None)]) == Pair(None)
    assert sum_of([Pair(Decimal(1), Decimal(2), True), Pair(Decimal(3), Decimal(4))]) == Pair(
        Decimal(4), Decimal(6), True
    )


def late(type_: str, event: str) -> Changes:
    return Changes({(type_, event): (DAY, Cause("late event", 7))})


@pytest.mark.parametrize(
    ("compute", "changes", "is_touched"),
    [
        (Count(ORDERS), late("track", "Order Completed"), True),
        (Count(ORDERS), late("track", "Pricing Viewed"), False),
        (Count(ORDERS), late("page", ""), False),
        (Count(EventSet(active=True)), late("page", ""), True),
        (Count(EventSet(active=True)), late("screen", ""), False),
        (Count(ORDERS), Changes(people=(DAY, Cause("merge"))), False),
        (Distinct(ORDERS), Changes(people=(DAY, Cause("merge"))), True),
        (Distinct(ORDERS), late("group", ""), False),
        (Distinct(ORDERS, of="account"), late("group", ""), True),
        (Balance("end"), late("track", "Subscription Started"), True),
        (Balance("end"), late("track", "Order Completed"), False),
        (Fact("spend"), Changes(facts={"spend": DAY}), True),
        (Fact("spend"), Changes(facts={"cash": DAY}), False),
        (Retention(7), late("track", "Account Created"), True),
        (Sql("SELECT 1"), late("identify", ""), True),
    ],
)
def test_a_change_touches_only_what_stands_on_it(compute, changes, is_touched):
    """What is not touched is not computed anew."""
    assert (changes.first_for(needs_of(compute, DEFINITIONS)) is not None) == is_touched


@pytest.mark.parametrize(
    ("compute", "days"),
    [
        (Count(ORDERS), 0),
        (FunnelConversion("buying", 1), 3),
        (Conversion(ORDERS, ORDERS, within_seconds=14 * 86_400), 15),
        (Conversion(ORDERS, ORDERS), None),
        (Retention(30), 31),
        (Retention(1, "month"), 62),
        (Retention(7, mode="on_or_after"), None),
    ],
)
def test_cohorts_of_days_before_a_change_may_move_too(compute, days):
    """None: any of them."""
    assert needs_of(compute, DEFINITIONS).days_before == days


def test_the_first_change_of_all_that_is_needed_counts():
    """With its cause."""
    other = Cause("merge", person="u:ann")
    changes = Changes({("track", "Order Completed"): (DAY, Cause("late event", 7))}, (date(2026, 11, 2), other))
    assert changes.first_for(needs_of(Distinct(ORDERS), DEFINITIONS)) == (date(2026, 11, 2), other)
    assert Changes(people=(ALL, other)).first == ALL


def test_buckets_are_whole_and_the_running_one_ends_today():
    """Weeks begin on Monday."""
    assert buckets_of(date(2026, 11, 11), DAY, "week", DAY) == [
        Bucket(date(2026, 11, 9), date(2026, 11, 15)),
        Bucket(date(2026, 11, 16), DAY),
    ]
    assert bucket_before(date(2026, 3, 1), "month") == Bucket(date(2026, 2, 1), date(2026, 2, 28))
    assert cut(date(2026, 11, 1), date(2026, 11, 30), DAY) == Bucket(date(2026, 11, 1), DAY)
    assert range_before(date(2026, 11, 1), date(2026, 11, 30)) == Bucket(date(2026, 10, 1), date(2026, 10, 31))
    assert range_before(date(2026, 11, 10), DAY) == Bucket(date(2026, 11, 1), date(2026, 11, 9))


def test_ranges_that_overlap_are_asked_one_after_the_other():
    """Each answer names a bucket by its first day."""
    week, month = Bucket(date(2026, 11, 9), date(2026, 11, 15)), Bucket(date(2026, 11, 1), date(2026, 11, 30))
    later = Bucket(date(2026, 12, 1), date(2026, 12, 2))
    assert in_turns([later, week, month, week]) == [[month, later], [week]]
