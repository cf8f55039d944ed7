"""Values from counters: rates over nothing, colours, first editions, and what is never shown."""

from datetime import date

import pytest

from dashboard.metrics import FORMULAS, as_first_published, catalogue, evaluate, shown, status_of
from dashboard.periods import Days
from schemas.definitions import MetricDefinition
from schemas.metric_files import COMPUTED_METRICS
from schemas.reading import STREAMING_COUNTERS, RestatedDay
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

DAY = date(2026, 11, 20)


def test_every_metric_a_workspace_may_define_can_be_computed():
    """The list in `schemas` and the formulas are the same, and they use counters that the stream publishes."""
    assert set(FORMULAS) == set(COMPUTED_METRICS)
    assert {counter for formula in FORMULAS.values() for counter in formula.counters} <= set(STREAMING_COUNTERS)


def test_the_catalogue_has_every_metric_even_if_the_workspace_names_none():
    """A workspace without metric files can still be read."""
    workspace = load_workspace(DEFAULT_WORKSPACE)
    assert set(catalogue(workspace)) == set(FORMULAS)


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        ("dau", {}, 0.0),
        ("dau", {"dau": {DAY: 7}}, 7.0),
        ("stickiness", {}, None),
        ("stickiness", {"dau": {DAY: 1}, "mau": {DAY: 4}}, 0.25),
        ("activation_rate", {"signups": {DAY: 5}}, 0.0),
        ("activation_rate", {"activated": {DAY: 5}}, None),
    ],
)
def test_counts_of_nothing_are_0_and_rates_over_nothing_are_null(metric, values, expected):
    """No invented 0 %, no missing 0."""
    assert evaluate(FORMULAS[metric], values, Days(DAY, DAY)) == expected


@pytest.mark.parametrize(
    ("direction", "orange", "red", "value", "colour"),
    [
        ("up", 0.15, 0.1, 0.16, "green"),
        ("up", 0.15, 0.1, 0.15, "orange"),
        ("up", 0.15, 0.1, 0.1, "red"),
        ("down", 5.0, 10.0, 4.9, "green"),
        ("down", 5.0, 10.0, 5.0, "orange"),
        ("down", 5.0, 10.0, 10.0, "red"),
        ("down", None, 10.0, 9.0, "green"),
        ("up", 3.0, None, 0.0, "orange"),
        ("up", None, None, 0.0, "none"),
        ("up", 0.15, 0.1, None, "none"),
    ],
)
def test_a_colour_holds_from_its_threshold_on(direction, orange, red, value, colour):
    """In the bad direction: down to it where up is good, up to it where down is good."""
    metric = MetricDefinition("m", {"en": "m"}, {"en": ""}, "ratio", "", direction, orange=orange, red=red)
    assert status_of(metric, value) == colour


def test_days_after_today_are_never_shown():
    """Windows reach ahead; today itself counts."""
    assert shown({"wau": {DAY: 3, date(2026, 11, 21): 2}}, DAY) == {"wau": {DAY: 3}}


def test_the_first_edition_of_a_day_is_before_all_of_its_changes():
    """Also where nothing is left now."""
    changes = [
        RestatedDay("dau", DAY, 5, 4, 2, "merge", "b", 20),
        RestatedDay("signups", DAY, 1, 0, 1, "merge", "b", 20),
    ]
    first = as_first_published({"dau": {DAY: 4}}, changes)
    assert first == {"dau": {DAY: 5}, "signups": {DAY: 1}}
