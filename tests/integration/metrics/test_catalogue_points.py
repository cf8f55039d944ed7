"""Points of the catalogue over a real engine: kept fresh by what changed, published, restated, by version."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from integration.metrics.measuring_rig import Rig, count_of, metric

from metrics.published import Place, Point, PublishedPoints
from schemas.computes import (
    Actives,
    Balance,
    Compute,
    EventSet,
    Expression,
    Fact,
    Ratio,
    Retention,
    Sql,
    TimeBetween,
)
from schemas.measuring import FactRow, Grain, NotComputable, SeriesQuestion, Value
from warehouse.client import Warehouse

ORDERS = metric("orders", count_of("Order Completed"))
VIEWS = metric("views", count_of("Pricing Viewed"))


@pytest.fixture
def rig(engine: Warehouse) -> Rig:
    for (table,) in engine.rows(
        "SELECT name FROM system.tables WHERE database = 'northstream' AND engine LIKE '%MergeTree' AND total_rows > 0"
        " AND name != 'migrations'"
    ):
        engine.command(f"TRUNCATE TABLE northstream.{table}")
    return Rig(engine)


def values_of(rig: Rig, name: str, days: int = 3, grain: Grain = "day") -> list[Value]:
    return list(rig.measures.series(SeriesQuestion(name, rig.days_ago(days - 1), rig.today, grain)).values)


def numbers_of(rig: Rig, name: str, days: int = 3, grain: Grain = "day") -> list[Decimal | None]:
    return [value.value for value in values_of(rig, name, days, grain)]


def test_a_value_that_comes_back_is_published_again(engine: Warehouse) -> None:
    """The same block as before, after another one: it is no copy that an engine may drop."""
    points = PublishedPoints(engine)
    place = Place("day", date(2026, 11, 1))
    for number in (5, 6, 5):
        point = Point(Decimal(number), None, Decimal(number), False, False)
        points.write_points("comes_back", 1, {place: point})
        assert points.points("comes_back", 1) == {place: point}


def test_every_bucket_has_a_value_and_rates_over_nothing_have_none(rig: Rig) -> None:
    """Counts of nothing are 0; a metric of others is reckoned bucket by bucket, `previous` over the one before."""
    rig.define(
        ORDERS,
        VIEWS,
        metric("conversion", Ratio("orders", "views", 100), unit="ratio"),
        metric("growth", Expression("orders - previous(orders)")),
    )
    for number, days in enumerate((2, 2, 2, 0)):
        rig.happen(f"o{number}", rig.days_ago(days))
    rig.happen("v1", rig.days_ago(2), "Pricing Viewed")
    assert numbers_of(rig, "orders") == [3, 0, 1]
    assert numbers_of(rig, "conversion") == [300, None, None]
    assert numbers_of(rig, "growth", 4) == [0, 3, -3, 1]
    rig.refresher.round()
    assert numbers_of(rig, "orders") == [3, 0, 1]
    assert numbers_of(rig, "growth", 4) == [0, 3, -3, 1]
    assert numbers_of(rig, "orders", 1, "week") == [4]


def test_a_history_that_comes_after_the_start_counts_from_its_first_day(rig: Rig) -> None:
    """Also where it comes with calls about accounts, which change all days; before any data nothing is published."""
    rig.define(ORDERS, metric("doubled", Expression("2 * orders")))
    rig.refresher.round()
    assert rig.published("doubled") == {}
    rig.happen("account", rig.days_ago(2), "", type="group", group_id="acme")
    rig.happen("o1", rig.days_ago(1))
    rig.refresher.round()
    rig.happen("o2", rig.today)
    rig.refresher.round()
    assert numbers_of(rig, "orders") == [0, 1, 1]
    assert rig.published("doubled") == {rig.days_ago(2): 0, rig.days_ago(1): 2, rig.today: 2}


def test_only_what_was_touched_is_computed_anew_and_only_from_its_first_changed_day_on(rig: Rig) -> None:
    """A message of one event leaves metrics of others alone, and days before it."""
    rig.define(ORDERS, VIEWS)
    for days in range(5):
        rig.happen(f"o{days}", rig.days_ago(days))
    rig.refresher.round()
    rig.noting.asks.clear()
    rig.refresher.round()
    assert rig.noting.asks == [], "nothing has changed"
    rig.happen("again", rig.days_ago(1))
    rig.refresher.round()
    assert [compute for compute, _ in rig.noting.asks] == [ORDERS.compute]
    asked = rig.noting.asks[0][1].buckets
    assert (asked[0].first, asked[-1].last) == (rig.days_ago(1), rig.today)
    assert rig.published("orders")[rig.days_ago(1)] == 2


def test_a_copy_that_moves_a_message_to_an_earlier_day_changes_both_days(rig: Rig) -> None:
    """The earliest time of several copies counts, whichever comes last."""
    rig.define(ORDERS)
    rig.happen("m", rig.today)
    rig.refresher.round()
    rig.happen("m", rig.days_ago(2))
    rig.refresher.round()
    assert rig.published("orders") == {rig.days_ago(2): 1, rig.days_ago(1): 0, rig.today: 0}


def test_uniting_two_persons_changes_who_was_active_but_not_how_often(rig: Rig) -> None:
    """Counts of messages do not depend on who sent them."""
    actives = metric("people", Actives(EventSet(events=("Order Completed",)), 7))
    rig.define(ORDERS, actives)
    rig.happen("a", rig.days_ago(1), user_id="ann")
    rig.happen("b", rig.days_ago(2), user_id="bob")
    rig.refresher.round()
    assert numbers_of(rig, "people", 1) == [2]
    rig.noting.asks.clear()
    rig.unite("bob", "ann")
    rig.refresher.round()
    assert numbers_of(rig, "people", 1) == [1]
    assert {compute for compute, _ in rig.noting.asks} == {actives.compute}
    assert rig.restatements("people") == [(rig.days_ago(1), 2, 1, "merge", "u:bob")]


def test_a_late_event_restates_what_was_published_once_its_day_was_over(rig: Rig) -> None:
    """Before, after, why and by which message; today's value is nobody's restatement."""
    rig.define(ORDERS, metric("doubled", Expression("2 * orders")))
    rig.happen("first", rig.days_ago(1))
    rig.refresher.round()
    rig.happen("late", rig.days_ago(1))
    rig.happen("today", rig.today)
    rig.refresher.round()
    assert rig.restatements("orders") == [(rig.days_ago(1), 1, 2, "late event", "late")]
    assert rig.restatements("doubled") == [(rig.days_ago(1), 2, 4, "late event", "late")]
    assert [value.restated for value in values_of(rig, "orders")] == [False, True, False]


def test_history_that_is_being_sent_restates_nothing(rig: Rig) -> None:
    """Values count as published when all that came before them is counted: until then they grow."""
    rig.define(ORDERS)
    rig.lag_events = 10
    rig.happen("one", rig.days_ago(1))
    rig.refresher.round()
    rig.happen("two", rig.days_ago(1))
    rig.refresher.round()
    rig.lag_events = 0
    rig.refresher.round()
    assert rig.restatements("orders") == []
    rig.happen("three", rig.days_ago(1))
    rig.refresher.round()
    assert rig.restatements("orders") == [(rig.days_ago(1), 2, 3, "late event", "three")]


def test_a_new_version_counts_from_the_day_it_came_and_leaves_the_values_of_the_old_one(rig: Rig) -> None:
    """A series that spans two versions shows the seam; SQL shows what the present one makes of all days."""
    rig.define(ORDERS)
    rig.happen("o", rig.days_ago(1))
    rig.happen("v", rig.days_ago(1), "Pricing Viewed")
    rig.happen("w", rig.days_ago(1), "Pricing Viewed")
    rig.refresher.round()
    rig.define(metric("orders", count_of("Pricing Viewed"), version=2))
    rig.refresher.round()
    assert [(value.value, value.version) for value in values_of(rig, "orders")] == [(0, 1), (1, 1), (0, 2)]
    assert rig.published("orders")[rig.days_ago(1)] == 2
    assert rig.restatements("orders") == []


def test_another_definition_under_the_same_version_restates_by_its_name(rig: Rig) -> None:
    """Nobody should do it; who does is told of."""
    rig.define(ORDERS)
    rig.happen("o", rig.days_ago(1))
    rig.refresher.round()
    rig.define(metric("orders", count_of("Pricing Viewed")))
    rig.refresher.round()
    assert rig.restatements("orders") == [(rig.days_ago(1), 1, 0, "definition", "")]


def test_a_metric_that_is_added_answers_at_once(rig: Rig) -> None:
    """Nobody restarts anything or waits for a refresh."""
    rig.define(ORDERS)
    rig.happen("v", rig.today, "Pricing Viewed")
    rig.refresher.round()
    rig.define(ORDERS, VIEWS)
    assert numbers_of(rig, "views", 1) == [1]
    rig.refresher.round()
    assert rig.published("views") == {rig.today: 1}


def test_a_metric_that_cannot_be_computed_stops_no_other(rig: Rig) -> None:
    """Its owner is told why; a metric made of itself is such a one, too."""
    rig.define(metric("broken", Sql("SELECT nothing")), metric("circle", Expression("circle + 1")), ORDERS)
    rig.happen("o", rig.today)
    rig.refresher.round()
    assert numbers_of(rig, "orders", 1) == [1]
    assert set(rig.refresher.failures()) == {"broken", "circle"}
    for name in ("broken", "circle"):
        with pytest.raises(NotComputable):
            values_of(rig, name)


def test_a_fact_that_is_handed_in_again_changes_what_stands_on_it(rig: Rig) -> None:
    """Nothing was said of the days between: they have no value."""
    rig.define(metric("spend", Fact("spend"), unit="money"))
    day = rig.days_ago(2)
    rig.measures.write_facts([FactRow("spend", day, Decimal("10.10")), FactRow("spend", rig.today, Decimal(5))])
    rig.refresher.round()
    assert numbers_of(rig, "spend") == [Decimal("10.10"), None, 5]
    rig.measures.write_facts([FactRow("spend", day, Decimal("11.20"))])
    rig.refresher.round()
    assert numbers_of(rig, "spend") == [Decimal("11.20"), None, 5]
    assert rig.restatements("spend") == [(day, Decimal("10.1"), Decimal("11.2"), "facts", "")]


def test_a_new_day_closes_the_one_before_and_begins_its_own(rig: Rig) -> None:
    """Without any new message."""
    rig.define(ORDERS)
    rig.happen("o", rig.today)
    rig.refresher.round()
    rig.today += timedelta(days=1)
    rig.refresher.round()
    assert rig.published("orders") == {rig.days_ago(1): 1, rig.today: 0}
    rig.happen("late", rig.days_ago(1))
    rig.refresher.round()
    assert rig.restatements("orders") == [(rig.days_ago(1), 1, 2, "late event", "late")]


def test_a_restart_goes_on_with_what_was_published(rig: Rig, engine: Warehouse) -> None:
    """Published values outlive the process that made them, and are restated by the next."""
    rig.define(ORDERS)
    rig.happen("o", rig.days_ago(1))
    rig.refresher.round()
    again = Rig(engine)
    again.define(ORDERS)
    again.happen("late", rig.days_ago(1))
    again.refresher.round()
    assert again.restatements("orders") == [(rig.days_ago(1), 1, 2, "late event", "")]


def test_ranges_are_asked_whole_whatever_their_length(rig: Rig) -> None:
    """Sums add up over the range, levels are those of its last day, ranges may overlap."""
    rig.define(ORDERS, metric("people", Actives(EventSet(events=("Order Completed",)), 1)))
    for days in range(4):
        rig.happen(f"o{days}", rig.days_ago(days), user_id=f"u{days % 2}")
        rig.happen(f"p{days}", rig.days_ago(days), user_id="same")
    rig.refresher.round()
    ranges = [(rig.days_ago(3), rig.today), (rig.days_ago(1), rig.today), (rig.days_ago(3), rig.days_ago(2))]
    assert [value.value for value in rig.measures.over("orders", ranges).values] == [8, 4, 4]
    assert [value.value for value in rig.measures.over("people", ranges).values] == [2, 2, 2]


def test_what_is_loaded_is_in_the_next_answer(rig: Rig) -> None:
    """Whoever has waited until all is settled need not wait for a refresh, too; events and facts, again and again."""
    rig.define(
        ORDERS,
        metric("spend", Fact("spend"), unit="money"),
        metric("cost", Ratio("spend", "orders"), unit="money"),
        metric("people", Actives(EventSet(events=("Order Completed",)), 30)),
    )
    refreshing = threading.Thread(target=rig.refresher.run)
    refreshing.start()
    try:
        for number in range(1, 21):
            rig.happen(f"o{number}", rig.days_ago(number % 3), user_id=f"u{number}")
            rig.measures.write_facts([FactRow("spend", rig.days_ago(2), Decimal(number * number))])
            weeks = (rig.days_ago(2), rig.today)
            found = [rig.measures.over(name, [weeks]).values[0].value for name in ("orders", "people", "cost")]
            assert found == [number, number, number]
    finally:
        rig.refresher.stop()
        refreshing.join()


def test_older_history_that_comes_later_is_answered_at_once(rig: Rig) -> None:
    """Days before everything known so far are asked of the events until they are kept."""
    rig.define(ORDERS)
    rig.happen("new", rig.today)
    rig.refresher.round()
    rig.happen("old", rig.days_ago(300))
    first, last = rig.days_ago(310), rig.days_ago(290)
    series = rig.measures.series(SeriesQuestion("orders", first, last, "month"))
    assert sum(value.value or 0 for value in series.values) == 1


def test_uniting_two_users_moves_what_they_paid_to_the_account_that_they_share(rig: Rig) -> None:
    """Also of days before the first message of the one who brings the account."""
    rig.define(metric("mrr", Balance("end"), unit="money"))
    paid = [("c", 8, 50), ("a", 6, 100)]
    rig.happen("c1", rig.days_ago(9), "", type="group", user_id="c", group_id="G")
    for user, days, amount in paid:
        terms = f'{{"plan": "team", "mrr": {amount}}}'
        rig.happen(f"{user}2", rig.days_ago(days), "Subscription Started", user_id=user, properties=terms)
    rig.happen("b1", rig.days_ago(2), "", type="group", user_id="b", group_id="G")
    rig.refresher.round()
    assert numbers_of(rig, "mrr", 8) == [50, *[150] * 7]
    rig.unite("b", "a")
    assert numbers_of(rig, "mrr", 8) == [50, *[100] * 7]


@pytest.mark.parametrize(
    "compute",
    [
        TimeBetween(EventSet(events=("Account Created",)), EventSet(events=("Report Shared",))),
        Retention(3, mode="on_or_after", activity=EventSet(events=("Report Shared",))),
    ],
)
def test_what_goes_on_in_time_restates_nothing(rig: Rig, compute: Compute) -> None:
    """Who comes today changes a day long past, and nothing about it is late."""
    rig.define(metric("going_on", compute))
    for number in range(3):
        rig.happen(f"s{number}", rig.days_ago(10), "Account Created", user_id=f"u{number}")
    rig.happen("e0", rig.days_ago(6), "Report Shared", user_id="u0")
    rig.refresher.round()
    before = numbers_of(rig, "going_on", 11)[0]
    rig.happen("e1", rig.today, "Report Shared", user_id="u1")
    rig.refresher.round()
    assert numbers_of(rig, "going_on", 11)[0] != before
    assert rig.restatements("going_on") == []
