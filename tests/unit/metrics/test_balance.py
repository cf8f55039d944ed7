"""MRR as a balance: which movement an event is, how spans close, the worked examples of money."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from metrics.asking import Bucket
from metrics.balance import Change, Movement, Movements, SpanBalance, find_movements, monthly_amount
from metrics.customers import averages, cohort_rows, concentrations

OCTOBER = Bucket(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = Bucket(date(2026, 11, 1), date(2026, 11, 30))
SEPTEMBER_DAY = date(2026, 9, 10)


def change(account: str, day: date, monthly: str, cause: str = "", at: int = 0, message_id: str = "m") -> Change:
    return Change(account, day, day.toordinal() * 86_400_000 + at, message_id, Decimal(monthly), cause)


def november(*changes: Change) -> SpanBalance:
    return Movements(find_movements(changes)).balances([NOVEMBER])[0]


def kinds(*changes: Change) -> list[tuple[str, str]]:
    return [(movement.kind, movement.cause) for movement in find_movements(changes)]


def test_a_first_payment_is_new_and_a_later_one_after_a_churn_is_a_reactivation() -> None:
    """0 to more than 0 is new once in an account's life; up is expansion, down contraction, to 0 churn."""
    days = [SEPTEMBER_DAY + timedelta(days=n) for n in range(6)]
    amounts = ["0", "10", "25", "5", "0", "7"]
    changes = [change("a", day, amount, "add_on") for day, amount in zip(days, amounts, strict=True)]
    assert kinds(*changes) == [
        ("new", ""),
        ("expansion", "add_on"),
        ("contraction", ""),
        ("churn", ""),
        ("reactivation", ""),
    ]


def test_events_at_one_instant_count_in_the_order_of_their_message_ids() -> None:
    """Whatever the order in which they are read."""
    changes = [
        change("a", SEPTEMBER_DAY, "30", message_id="b"),
        change("a", SEPTEMBER_DAY, "10", message_id="a"),
        change("a", SEPTEMBER_DAY, "20", message_id="c"),
    ]
    assert kinds(*changes) == [("new", ""), ("expansion", ""), ("contraction", "")]


def test_a_rise_at_renewal_without_a_cause_is_expansion() -> None:
    """It counts as expansion, under no cause."""
    balance = november(change("a", SEPTEMBER_DAY, "10"), change("a", NOVEMBER.first, "12"))
    assert (balance.expansion, balance.expansion_by_cause) == (2, {"": Decimal(2)})


@pytest.mark.parametrize(
    ("mrr", "amount", "interval", "monthly"),
    [
        ("49.90", "1200", "year", "49.9"),
        (None, "1200", "year", "100"),
        (None, "100", "year", "8.333333333333333"),
        (None, "100", "month", "100"),
        (None, "100", "week", None),
        (None, "100", "", None),
        (None, None, "year", None),
        ("-1", None, "", None),
        ("1e11", None, "", None),
        ("NaN", None, "", None),
        ("0", None, "", "0"),
    ],
)
def test_an_event_says_mrr_or_an_amount_and_its_interval(
    mrr: str | None, amount: str | None, interval: str, monthly: str | None
) -> None:
    """`mrr` goes first; a year's amount is a twelfth a month, rounded once to 15 decimals; nonsense says nothing."""
    found = monthly_amount(mrr and Decimal(mrr), amount and Decimal(amount), interval)  # type: ignore[arg-type]
    assert found == (None if monthly is None else Decimal(monthly))


def test_twelfths_that_do_not_come_out_even_close_all_the_same() -> None:
    """They are rounded once, where they enter, so that start + movements − end is 0 and not a rounding error."""
    twelfth = str(monthly_amount(None, Decimal(100), "year"))
    balance = november(
        *(change(f"a{n}", SEPTEMBER_DAY, twelfth) for n in range(7)),
        *(change(f"a{n}", NOVEMBER.first, "0") for n in range(3)),
    )
    assert balance.start - balance.churn == balance.end == 4 * Decimal(twelfth)
    assert float(balance.end * 12) == 400.0


def test_mrr_is_what_paying_customers_pay() -> None:
    """kpi-reference: 100 customers × 10 = 1,000; 100 seats × 8 and 200 seats × 8 are ARPA 800 and 1,600."""
    hundred = Movements(find_movements(change(f"a{n}", SEPTEMBER_DAY, "10") for n in range(100)))
    balance = hundred.balances([NOVEMBER])[0]
    assert (balance.end, balance.customers_end, balance.end / balance.customers_end) == (1000, 100, 10)
    assert november(change("a", SEPTEMBER_DAY, "800"), change("b", SEPTEMBER_DAY, "1600")).end == 2400


def test_net_revenue_retention_is_125_percent() -> None:
    """kpi-reference: (1,200 − 120 − 80 + 500) ÷ 1,200 = 125 %; the new customer does not count."""
    balance = november(
        change("lost", SEPTEMBER_DAY, "120"),
        change("less", SEPTEMBER_DAY, "280"),
        change("more", SEPTEMBER_DAY, "800"),
        change("lost", NOVEMBER.first, "0"),
        change("less", NOVEMBER.first, "200"),
        change("more", NOVEMBER.first, "1300", "upgrade"),
        change("fresh", NOVEMBER.first, "999"),
    )
    assert balance.retained / balance.start == Decimal("1.25")
    assert round(balance.expansion / balance.start, 3) == Decimal("0.417")
    assert balance.expansion_by_cause == {"upgrade": 500}
    assert (balance.churn, balance.contraction, balance.new) == (120, 80, 999)


@pytest.mark.parametrize(("start", "new", "end", "lost"), [(1000, 200, 950, 250), (100, 0, 90, 10)])
def test_customers_retained_are_those_at_the_end_without_the_new_ones(
    start: int, new: int, end: int, lost: int
) -> None:
    """kpi-reference: (950 − 200) ÷ 1,000 = 75 % kept, 25 % lost; (100 − 90) ÷ 100 = 10 % lost."""
    balance = november(
        *(change(f"old{n}", SEPTEMBER_DAY, "5") for n in range(start)),
        *(change(f"old{n}", NOVEMBER.first, "0") for n in range(lost)),
        *(change(f"new{n}", NOVEMBER.first, "5") for n in range(new)),
    )
    assert (balance.customers_start, balance.customers_new, balance.customers_end) == (start, new, end)
    assert balance.customers_lost == lost
    kept = Decimal(balance.customers_end - balance.customers_new) / balance.customers_start
    assert kept == 1 - Decimal(balance.customers_lost) / balance.customers_start


def test_a_tenth_of_the_customers_may_be_nine_tenths_of_the_revenue_lost() -> None:
    """kpi-reference: revenue churn is 90 % where 10 % of the customers, who carried 90 % of the revenue, left."""
    balance = november(
        change("large", SEPTEMBER_DAY, "8100"),
        *(change(f"small{n}", SEPTEMBER_DAY, "100") for n in range(9)),
        change("large", NOVEMBER.first, "0"),
    )
    assert balance.churn / balance.start == Decimal("0.9")
    assert Decimal(balance.customers_lost) / balance.customers_start == Decimal("0.1")


def test_who_leaves_and_comes_back_within_the_span_was_not_lost() -> None:
    """Money moves, customers are compared at the two ends; who comes and leaves is neither new nor lost, but left."""
    balance = november(
        change("back", SEPTEMBER_DAY, "10"),
        change("back", NOVEMBER.first, "0"),
        change("back", NOVEMBER.last, "10"),
        change("brief", NOVEMBER.first, "4"),
        change("brief", NOVEMBER.last, "0"),
    )
    assert (balance.churn, balance.reactivation, balance.new) == (14, 10, 4)
    assert (balance.customers_lost, balance.customers_new, balance.customers_acquired) == (0, 0, 1)
    assert balance.left == {"brief"}


def test_spans_may_overlap_and_begin_together() -> None:
    """Month to date by day is asked for as spans with one beginning; each stands for itself."""
    movements = Movements(
        find_movements(
            [change("a", SEPTEMBER_DAY, "10"), change("b", date(2026, 11, 3), "5"), change("a", date(2026, 11, 5), "0")]
        )
    )
    spans = [Bucket(NOVEMBER.first, date(2026, 11, day)) for day in (5, 3, 2)]
    found = movements.balances([*spans, OCTOBER])
    assert [(balance.start, balance.new, balance.churn, balance.end) for balance in found] == [
        (10, 5, 10, 5),
        (10, 5, 0, 15),
        (10, 0, 0, 10),
        (10, 0, 0, 10),
    ]
    assert movements.standing(date(2026, 11, 4)) == {"a": 10, "b": 5}


def test_two_of_ten_customers_carry_90_percent() -> None:
    """kpi-reference: 2 of 10 customers carry 90 % → 90 % from the top 20 %; of 11 the top 20 % are three."""
    changes = [change(f"large{n}", SEPTEMBER_DAY, "360") for n in range(2)]
    changes += [change(f"small{n}", SEPTEMBER_DAY, "10") for n in range(8)]
    eleventh = change("later", NOVEMBER.first, "20")
    found = concentrations(find_movements([*changes, eleventh]), [OCTOBER, NOVEMBER], Decimal(20))
    assert found == [(720, 800), (740, 820)]
    assert found[0][0] / found[0][1] == Decimal("0.9")


def months(count: int) -> list[Bucket]:
    firsts = [date(2026, month, 1) for month in range(1, count + 2)]
    return [Bucket(first, following - timedelta(days=1)) for first, following in itertools.pairwise(firsts)]


COHORTS: list[Movement] = find_movements(
    [
        change("a", date(2026, 1, 5), "10"),
        change("b", date(2026, 1, 31), "10"),
        change("b", date(2026, 2, 28), "0"),
        change("b", date(2026, 4, 1), "10"),
        change("c", date(2026, 2, 2), "10"),
        change("c", date(2026, 2, 9), "0"),
    ]
)


def test_a_cohort_of_customers_counts_who_pays_at_the_end_of_each_later_month() -> None:
    """By month of the first paid subscription; running cells are marked, those to come are empty."""
    rows = cohort_rows(COHORTS, months(6), cohorts=2, ages=5, today=date(2026, 4, 10))
    assert [(row.cohort.month, row.size, row.cells) for row in rows] == [
        (1, 2, [2, 1, 1, 2, None]),
        (2, 1, [0, 0, 0, None, None]),
    ]
    assert rows[0].is_running == [False, False, False, True, False]
    assert averages(rows, 5) == [2 / 3, 1 / 3, 1 / 2, None, None]


def test_on_or_after_counts_who_is_subscribed_at_the_end_of_any_later_month() -> None:
    """Who comes back was there for all the months between."""
    rows = cohort_rows(COHORTS, months(6), cohorts=2, ages=5, today=date(2026, 4, 10), ever=True)
    assert [row.cells for row in rows] == [[2, 2, 2, 2, None], [0, 0, 0, None, None]]
