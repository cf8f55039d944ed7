"""The past judged by the functions that judge the present: waits, flaps, budgets and suggested thresholds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.backtest import backtest, live_through, most_in_window, with_threshold
from alerting.evaluate import evaluate
from alerting.numbers import Point
from alerting.past import Look, Past, Then
from alerting.states import RuleState, State, Timing, advance
from alerting.suggestions import shortened, suggest
from schemas.alerts import Absence, AlertRule, Anomaly, Change, Comparison, MetricSubject, Threshold
from schemas.calendar import DAY_MS, HOUR_MS

FIRST = date(2026, 8, 3)
T0 = 1_785_715_200_000


def rule(
    condition: str = ">", threshold: float = 20, comparison: Comparison | None = None, **more: object
) -> AlertRule:
    made = AlertRule("High", "product", MetricSubject("signups"), "complete", condition, threshold)  # type: ignore[arg-type]
    return replace(made, comparison=comparison or Threshold(), **more)  # type: ignore[arg-type]


def days(values: Sequence[float | None], skip: int = 0) -> Past:
    """One look at the end of each day; the first `skip` days are only looked back at."""
    points = [Point(FIRST + timedelta(days=n), value, value) for n, value in enumerate(values)]
    looks = [Look(T0 + (n + 1) * DAY_MS, n, points[n]) for n in range(skip, len(points))]
    return Past(points, looks, T0 + (len(values) + 1) * DAY_MS, "day")


def hours(values: Sequence[float]) -> Past:
    """The running bucket of one day, hour by hour."""
    looks = [Look(T0 + n * HOUR_MS, 0, Point(FIRST, value, value)) for n, value in enumerate(values)]
    return Past([], looks, T0 + len(values) * HOUR_MS, "hour")


def silences(*lengths_hours: float) -> Past:
    at, looks = T0, []
    for length in lengths_hours:
        looks.append(Look(at, 0, Point(FIRST, None), at))
        looks.append(Look(at + int(length * HOUR_MS) - 1, 0, Point(FIRST, None), at))
        at += int(length * HOUR_MS)
    return Past([Point(FIRST, None)], looks, at, "silence")


def test_each_run_of_breaches_is_one_incident_with_its_worst_value() -> None:
    """Start and end are those of the looks; the peak is the worst of what was compared."""
    found = backtest(rule(), days([1, 30, 25, 2, 2, 2, 40]))
    assert [(each.started_ms, each.ended_ms, each.value, each.peak) for each in found.incidents] == [
        (T0 + 2 * DAY_MS, T0 + 4 * DAY_MS, 30, 30),
        (T0 + 7 * DAY_MS, None, 40, 40),
    ]
    assert (found.flaps, found.seconds_firing, found.median_seconds) == (0, 3 * 86_400, 1.5 * 86_400)
    assert found.share_firing == pytest.approx(3 / 7)
    assert [mark.compared for mark in found.series] == [1, 30, 25, 2, 2, 2, 40]


def test_an_open_incident_has_no_end() -> None:
    """It lasts to the end of the period."""
    found = backtest(rule(), days([1, 2, 30, 40]))
    (incident,) = found.incidents
    assert incident.ended_ms is None
    assert found.seconds_firing == 2 * 86_400


def test_waits_end_between_two_looks() -> None:
    """A value holds until the next look, so `for` and `keep_firing_for` end at their minute and not a look later."""
    past = hours([30, 30, 0, 0, 0])
    found = backtest(rule(for_seconds=600, keep_firing_for_seconds=900), past)
    (incident,) = found.incidents
    assert incident.started_ms == T0 + 600_000
    assert incident.ended_ms == T0 + 2 * HOUR_MS + 900_000


def test_a_wait_longer_than_the_breach_never_fires() -> None:
    assert backtest(rule(for_seconds=7_200), hours([0, 30, 0, 30, 0])).incidents == ()


def test_missing_buckets_are_told_and_end_nothing() -> None:
    """As the live machine does: without data an open incident stays open."""
    found = backtest(rule(), days([30, None, None, 30, 1]))
    assert len(found.incidents) == 1
    assert (found.buckets, found.buckets_without_data) == (5, 2)


def test_soon_again_is_a_flap() -> None:
    """Daily looks: within two steps of the end before. Hourly ones: within a day, or over within two hours."""
    daily = backtest(rule(), days([30, 1, 30, 1, 1, 1, 30, 1]))
    assert [each.is_flap for each in daily.incidents] == [False, True, False]
    hourly = backtest(rule(), hours([30, 30, 30, 0, *[0] * 30, 30, 0, 0]))
    assert [each.is_flap for each in hourly.incidents] == [False, True]


def test_the_budget_is_of_the_worst_thirty_days() -> None:
    """Not of the average: a bad month is not made good by quiet ones."""
    values = [30 if n % 3 == 0 and n < 24 else 1 for n in range(90)]
    found = backtest(rule(noise_budget=7), days(values))
    assert (found.most_in_30_days, found.is_over_budget) == (8, True)
    assert not backtest(rule(noise_budget=8), days(values)).is_over_budget
    assert most_in_window([], 5) == 0
    assert most_in_window([0, 4, 5, 9], 5) == 2


def test_a_change_is_compared_with_what_was_before_the_period() -> None:
    """Baselines reach back before the first look; what was not there yet is no data."""
    drop = rule("<", -30, Change("last_week"))
    assert backtest(drop, days([100] * 7 + [60, 100], skip=7)).incidents[0].peak == pytest.approx(-40)
    assert backtest(drop, days([100, 60])).buckets_without_data == 2


def test_an_anomaly_sees_only_what_was_before_it() -> None:
    """The past of a look ends with it: later values move no baseline."""
    odd = rule(">", 3.5, Anomaly(buckets=14, is_weekly=False))
    values = [10, 11, 9, 10, 12, 11, 10, 9, 11, 10, 10, 11, 9, 10, 60, 10]
    (incident,) = backtest(odd, days(values, skip=14)).incidents
    assert incident.started_ms == T0 + 15 * DAY_MS
    assert incident.value == 60


def test_silences_are_judged_to_the_millisecond() -> None:
    """An absence begins so long after the last message and ends with the next one."""
    found = backtest(rule(comparison=Absence(7_200), threshold=7_200, operator=">="), silences(1, 5, 1, 3, 0.5))
    assert [(each.started_ms - T0, each.ended_ms and each.ended_ms - T0) for each in found.incidents] == [
        (3 * HOUR_MS, 6 * HOUR_MS),
        (9 * HOUR_MS, 10 * HOUR_MS),
    ]


def test_suggestions_go_from_strict_to_loose() -> None:
    """Each is the loosest with so few incidents, in few digits, and says its number."""
    values = [10.0, 10, 50, 10, 10, 40, 10, 10, 30, 10, 10, 20.4, 10, 10, 20.6, 10, 10]
    found = suggest(rule(), days(values))
    assert [(each.threshold, each.incidents) for each in found] == [(50, 0), (40, 1), (20.4, 4)]
    assert found[1].condition == "> 40"
    assert [each.incidents for each in suggest(rule(">="), days(values))] == [0, 1, 4]
    low = suggest(rule("<"), days([100 - value for value in values]))
    assert [(each.threshold, each.incidents) for each in low] == [(50, 0), (60, 1), (79.5, 4)]


def test_suggested_absences_are_longer_than_usual_silences() -> None:
    found = suggest(rule(comparison=Absence(60), operator=">=", threshold=60), silences(1, 5, 1, 3, 0.5, 2))
    assert [each.incidents for each in found] == [0, 1, 3]
    assert found[0].threshold > 5 * 3_600


def test_equality_and_silence_have_no_other_threshold() -> None:
    assert suggest(rule("=="), days([1, 2])) == ()
    assert suggest(rule(), days([None, None])) == ()


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 60).map(float)), min_size=1, max_size=12)
WAITS = st.sampled_from([0.0, 3_600.0, 90_000.0, 200_400.0])


@given(VALUES, WAITS, WAITS, st.sampled_from([">", ">=", "<", "<="]))
@settings(max_examples=30, deadline=None)
def test_a_backtest_is_what_the_live_machine_does_every_ten_minutes(
    values: list[float | None], waits: float, keeps: float, operator: str
) -> None:
    """Looking only when something changes or a wait ends finds what looking all the time finds."""
    past, tried = days(values), rule(operator, 20, for_seconds=waits, keep_firing_for_seconds=keeps)
    state, told = RuleState(State.INACTIVE, past.looks[0].at_ms), []
    for at_ms in range(past.looks[0].at_ms, past.to_ms, 600_000):
        look = [each for each in past.looks if each.at_ms <= at_ms][-1]
        seen = evaluate(tried, Then(past, look), at_ms)
        timing = Timing(int(waits * 1000), int(keeps * 1000))
        state, transition = advance(tried.key, timing, state, seen, at_ms)
        if transition is not None and transition.message is not None:
            told.append(at_ms)
    found = backtest(tried, past).incidents
    assert [at for each in found for at in (each.started_ms, each.ended_ms) if at is not None] == told


@given(VALUES, st.sampled_from([">", ">=", "<", "<="]), WAITS)
@settings(max_examples=30, deadline=None)
def test_suggested_thresholds_do_what_they_say(values: list[float | None], operator: str, waits: float) -> None:
    """Trying one gives the number that it promises; a looser one never promises fewer."""
    past, tried = days(values), rule(operator, 20, for_seconds=waits)
    found = suggest(tried, past)
    for each in found:
        assert len(live_through(with_threshold(tried, each.threshold), past).incidents) == each.incidents
    thresholds = [each.threshold for each in found]
    assert thresholds == sorted(thresholds, reverse=operator in (">", ">="))
    assert [each.incidents for each in found][:1] in ([], [0])


@given(st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 1e-6), st.booleans())
def test_few_digits_are_on_the_strict_side(value: float, upwards: bool) -> None:
    short = shortened(value, upwards)
    assert (short >= value) if upwards else (short <= value)
    assert abs(short - value) <= abs(value) / 90
