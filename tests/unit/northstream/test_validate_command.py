"""What `northstream metrics validate` says of a candidate, from numbers and people that are handed in."""

from datetime import date, timedelta

import pytest

from northstream.metrics_api import Point
from northstream.validate_command import ACTIVITY_DAYS, COHORT_DAYS, Asked, report
from schemas.catalogue import MetricDefinition
from schemas.computes import AtRisk, Compute, Count, EventSet, Retention

TODAY = date(2026, 11, 22)
ASKED = Asked("tasks", "d30_retention", "nrr")
WAVES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]
NOISE = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0, 2.0, 8.0]


class Product:
    """Series by metric (any grain), and of each signup day four people: two did three tasks and stayed."""

    def __init__(self, series):
        self._series = series
        self.asked = []

    def series(self, metric, first, last, grain):
        values = [*self._series.get(metric, []), 100.0]
        running = len(values) - 1
        return [Point(first + timedelta(days=n), value, n < running) for n, value in enumerate(values)]

    def members(self, metric, first, last):
        self.asked.append((metric, first, last))
        if metric == "tasks":
            return {f"{first} a": 3.0, f"{first} b": 5.0, f"{first} c": 1.0, "somebody else": 9.0}
        return {f"{first} {name}": float(name in "ab") for name in "abcd"}


def definitions(candidate: Compute = Count(EventSet(("Task Completed",)))):  # noqa: B008
    computes = {"tasks": candidate, "d30_retention": Retention(30), "nrr": AtRisk()}
    return {name: MetricDefinition(name, {"en": name}, {"en": ""}, "count", "", it) for name, it in computes.items()}


def said(series, candidate=None):
    metrics = definitions() if candidate is None else definitions(candidate)
    return list(report(ASKED, metrics, Product(series), TODAY))


@pytest.mark.parametrize(
    ("tasks", "outcome", "sentence"),
    [
        (WAVES, WAVES, "10 weeks: r = +1.00 (p ≈ 0.000); they move together, which is no proof of a cause"),
        (WAVES, NOISE, "10 weeks: r = +0.10 (p ≈ 0.781); warning: no correlation"),
        (WAVES[:5], WAVES[:5], "5 weeks: r = +1.00 (p ≈ 0.000); too few to say anything, 8 are needed"),
        (WAVES, [], "0 weeks: no periods that are complete in both yet"),
        (WAVES, [1.0] * 10, "10 weeks: one of them does not move"),
    ],
)
def test_a_correlation_is_told_in_words(tasks, outcome, sentence):
    """The week that is running is left out."""
    assert said({"tasks": tasks, "d30_retention": outcome})[0] == f"with d30_retention, {sentence}"


def test_two_series_that_only_grow_are_not_taken_for_a_correlation():
    """Their changes know nothing of each other."""
    grown = [10.0 * n + wave for n, wave in enumerate(WAVES)]
    other = [20.0 * n + wave for n, wave in enumerate(NOISE)]
    assert "their changes do not move together" in said({"tasks": grown, "d30_retention": other})[0]


def test_a_candidate_that_moves_with_neither_is_warned_of():
    """It may be vanity."""
    lines = said({"tasks": WAVES, "d30_retention": NOISE, "nrr": NOISE})
    assert "warning: it moves with neither; it may be vanity, so decide nothing by it" in lines
    assert not any("neither" in line for line in said({"tasks": WAVES, "d30_retention": WAVES, "nrr": NOISE}))


def test_the_activity_that_separates_is_counted_from_each_signup_day():
    """Everybody's messages of the first seven days, of cohorts whose day 30 is over."""
    product = Product({})
    *_, line = report(ASKED, definitions(), product, TODAY)
    assert line == (
        "3 or more in the first 7 days separate best who stayed (d30_retention): "
        "100% of 28 who stayed did so, 0% of 28 who left (Youden 1.00, F1 1.00)"
    )
    days = {first for metric, first, _ in product.asked if metric == "d30_retention"}
    assert (len(days), max(days)) == (len(COHORT_DAYS), TODAY - timedelta(days=31))
    assert all(
        last - first == timedelta(days=ACTIVITY_DAYS - 1) for name, first, last in product.asked if name == "tasks"
    )


def test_only_a_count_of_events_has_an_activity_threshold():
    """Nobody can do more of a rate."""
    assert said({}, AtRisk())[-1] == "no activity threshold: that needs a count of events, and a retention"
