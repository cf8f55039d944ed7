"""Values from counters: rates over nothing, colours, first editions, and what is never shown."""

from datetime import date

import pytest

from dashboard.metrics import as_first_published, bare_definitions, counters_of, evaluate, is_streamed, shown
from dashboard.periods import Days
from schemas.computes import STREAMED
from schemas.reading import STREAMING_COUNTERS, RestatedDay

DAY = date(2026, 11, 20)


def test_streamed_metrics_use_counters_that_the_stream_publishes():
    """A counter that nobody publishes would be 0 for ever."""
    assert {name for formula in STREAMED.values() for name in counters_of(formula)} <= set(STREAMING_COUNTERS)


def test_streamed_metrics_are_known_even_if_the_workspace_names_none():
    """A workspace without metric files can still be read."""
    assert set(bare_definitions()) == set(STREAMED)
    assert all(is_streamed(metric) for metric in bare_definitions().values())


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
    assert evaluate(STREAMED[metric], values, Days(DAY, DAY)) == expected


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
