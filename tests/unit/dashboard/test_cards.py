"""A card's value, what it is compared with, its colour, and what it does when there is none."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dashboard.cards import CardSource, read_card, read_trend
from dashboard.highlights import highlights_of
from dashboard.moments import Today
from dashboard.periods import Days
from schemas.calendar import Calendar, day_number
from schemas.catalogue import MetricDefinition, Target
from schemas.computes import STREAMED, Count, EventSet, Mean
from schemas.measuring import MeasuredSeries, NotComputable, Value

LAST = date(2026, 11, 22)
FOUR_WEEKS = Days(LAST - timedelta(days=27), LAST)
NOW_MS = Calendar().start_of(day_number(LAST)) + 36_000_000
SALES = Count(EventSet(("Order Completed",)))


@dataclass
class ByDay:
    """A metric by day: (numerator, denominator or None, is maturing); sums over ranges, rates from sums."""

    days: dict[date, tuple[int, int | None, bool]] = field(default_factory=dict)
    problem: Exception | None = None

    def complete_through_ms(self, metric):
        return NOW_MS

    def series(self, question):
        days = Days(question.first, question.last)
        return MeasuredSeries([self._value(day, day) for day in days])

    def over(self, metric, ranges, filters=(), split="", top=8):
        if self.problem:
            raise self.problem
        return MeasuredSeries([self._value(first, last) for first, last in ranges])

    def _value(self, first, last):
        found = [self.days[day] for day in Days(first, last) if day in self.days]
        numerator = Decimal(sum(one[0] for one in found))
        if not any(one[1] is not None for one in found):
            return Value(first, numerator, None, numerator)
        denominator = Decimal(sum(one[1] for one in found))
        value = numerator / denominator if denominator else None
        return Value(first, numerator, denominator, value, is_maturing=any(one[2] for one in found))


def metric(compute=SALES, unit="count", name="sales", **fields):
    return MetricDefinition(name, {"en": "Sales", "fr": "Ventes"}, {"en": "d"}, unit, "growth", compute, **fields)


def source(measures, definition, language="en", since=date(2026, 1, 1)):
    today = Today(NOW_MS, LAST, Calendar())
    return CardSource(measures, {definition.id: definition}, today, since, language)


def card(measures, definition, days=FOUR_WEEKS, **given):
    return read_card(source(measures, definition, **given), definition.id, days)


def test_a_count_is_summed_over_the_period_and_the_one_before():
    """The example of the reference: 312 after 285 is +9.5 %, and 38 short of 350."""
    measures = ByDay({LAST: (312, None, False), LAST - timedelta(days=28): (285, None, False)})
    found = card(measures, metric(target=Target(Decimal(350)), orange=Decimal(340), red=Decimal(250)))
    assert (found["value"], found["previous"], round(found["change"], 1)) == (312.0, 285.0, 9.5)
    assert (found["change_unit"], found["target"], found["status"]) == ("percent", 350.0, "orange")
    assert (found["from"], found["to"], found["settled"]) == (FOUR_WEEKS.first, LAST, False)


def test_a_months_target_is_not_held_against_a_week():
    """A week's sales are red beside a month's threshold for no reason."""
    found = card(
        ByDay({LAST: (80, None, False)}), metric(target=Target(Decimal(350)), red=Decimal(250)), Days(LAST, LAST)
    )
    assert (found["value"], found["target"], found["status"]) == (80.0, None, "none")


def test_a_count_that_is_expressly_per_week_shows_the_last_week():
    """Activated people per week, on a board of four weeks: this week against the one before."""
    days = {LAST - timedelta(days=n): (10 if n < 7 else 8, None, False) for n in range(28)}
    found = card(ByDay(days), metric(per="week", orange=Decimal(60)))
    assert (found["value"], found["previous"], found["status"]) == (70.0, 56.0, "green")
    assert (found["from"], found["to"], found["per"]) == (date(2026, 11, 16), LAST, "week")


def test_what_was_before_any_data_is_unknown():
    """A 0 of a time when nobody counted is no 0; there is no change against it."""
    measures = ByDay({LAST: (3, None, False)})
    young = card(measures, metric(), since=LAST)
    assert (young["previous"], young["last_year"], young["change"]) == (None, None, None)
    old = card(measures, metric())
    assert (old["previous"], old["last_year"], old["change"]) == (0.0, None, None)


def test_a_rate_of_cohorts_is_that_of_the_latest_mature_ones():
    """Else every board would say that activation fell, for no reason but the age of the last cohorts."""
    days = {LAST - timedelta(days=n): (1 if n < 7 else 4 if n < 35 else 3, 10, n < 7) for n in range(80)}
    rate = metric(STREAMED["activation_rate"], "ratio", "activation_rate", orange=Decimal("0.35"), red=Decimal("0.2"))
    found = card(ByDay(days), rate)
    assert (found["value"], found["previous"], found["maturing"], found["status"]) == (0.4, 0.3, False, "green")
    assert (found["from"], found["to"]) == (date(2026, 10, 19), date(2026, 11, 15))
    assert found["change"] == pytest.approx(10.0)


def test_days_without_a_cohort_do_not_pass_for_mature_ones():
    """On a Sunday nobody began: the cohorts of the week before it are no older for that."""
    days = {LAST - timedelta(days=n): (1 if n < 30 else 4, 10, n < 30) for n in range(80) if n != 1}
    rate = metric(STREAMED["activation_rate"], "ratio", "activation_rate", orange=Decimal("0.35"), red=Decimal("0.2"))
    found = card(ByDay(days), rate)
    assert (found["value"], found["status"], found["to"]) == (0.4, "green", LAST - timedelta(days=30))


def test_a_rate_none_of_whose_cohorts_is_mature_is_shown_without_a_colour():
    """It may still rise."""
    days = {LAST - timedelta(days=n): (1, 10, True) for n in range(5)}
    rate = metric(STREAMED["activation_rate"], "ratio", "activation_rate", red=Decimal("0.2"))
    found = card(ByDay(days), rate, Days(LAST - timedelta(days=4), LAST))
    assert (found["value"], found["maturing"], found["status"]) == (0.1, True, "none")


def test_a_rate_changes_in_points_and_is_judged_over_any_period():
    """68 % after 65 % is +3 points."""
    days = {LAST: (68, 100, False), LAST - timedelta(days=28): (65, 100, False)}
    found = card(ByDay(days), metric(Mean(EventSet(), "x"), "ratio", red=Decimal("0.7")))
    assert (round(found["change"], 9), found["change_unit"], found["status"]) == (3.0, "points", "red")


def test_a_card_that_cannot_be_computed_says_why():
    """The others of its board are still shown."""
    found = card(ByDay(problem=NotComputable("spend ÷ nothing")), metric())
    assert (found["value"], found["status"], found["error"]) == (None, "none", "spend ÷ nothing")
    missing = read_card(source(ByDay(), metric()), "gone", FOUR_WEEKS)
    assert missing["error"] == "there is no such metric any more"


def test_texts_are_in_the_language_that_is_asked_for():
    """In English where a text is not translated."""
    found = card(ByDay(), metric(), language="fr")
    assert (found["label"], found["definition"], found["decision"]) == ("Ventes", "d", "")


def test_a_trend_has_the_values_of_its_buckets():
    """What the little line is drawn from."""
    trend = read_trend(source(ByDay({LAST: (3, None, False)}), metric()), "sales", Days(LAST, LAST), "day")
    assert trend == [{"bucket": LAST, "value": 3.0, "maturing": False, "version": 1}]


@pytest.mark.parametrize(
    ("status", "direction", "change", "performed", "attention"),
    [
        ("green", "up", 5.0, ["m"], []),
        ("green", "down", -5.0, ["m"], []),
        ("green", "up", -5.0, [], []),
        ("red", "up", 5.0, [], ["m"]),
        ("none", "up", 5.0, [], []),
    ],
)
def test_green_that_gains_performed_and_red_needs_attention(status, direction, change, performed, attention):
    """From what the board shows, rows of tables included."""
    names = ("label", "unit", "decimals", "owner", "decision", "value", "change_unit")
    row = dict.fromkeys(names) | {"metric": "m", "status": status, "direction": direction, "change": change}
    found = highlights_of([{"kind": "table", "rows": [row]}, {"kind": "alerts"}, {"kind": "number", **row}])
    assert [one["metric"] for one in found["performed"]] == performed
    assert [one["metric"] for one in found["attention"]] == attention
