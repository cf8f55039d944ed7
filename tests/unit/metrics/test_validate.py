"""Correlation of a candidate with an outcome, and the activity that separates who stays from who leaves."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.validate import Correlation, best_separation, changes_of, correlate, people_of


def test_a_straight_line_is_a_correlation_of_one():
    """Up and down; the chance of that by accident is next to nothing."""
    line = [float(n) for n in range(12)]
    up, down = correlate(line, [3 + 2 * n for n in line]), correlate(line, [-n for n in line])
    assert (up.periods, up.is_there, down.is_there) == (12, True, True)
    assert up.r == pytest.approx(1)
    assert down.r == pytest.approx(-1)
    assert up.p < 1e-9


def test_a_known_correlation_to_the_digit():
    """Anscombe's first quartet: r = 0.81642; Fisher's z over 11 pairs."""
    x = [10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    found = correlate(x, y)
    assert found.r == pytest.approx(0.81642, abs=5e-6)
    assert found.p == pytest.approx(math.erfc(math.atanh(0.81642) * math.sqrt(8) / math.sqrt(2)), abs=1e-6)
    assert found.is_there


def test_noise_is_no_correlation():
    """A candidate that has nothing to do with the outcome is warned of."""
    chance = random.Random(1)
    found = correlate([chance.random() for _ in range(52)], [chance.random() for _ in range(52)])
    assert found.can_be_judged
    assert not found.is_there


@pytest.mark.parametrize(
    ("candidate", "outcome", "expected"),
    [
        ([], [], Correlation(0, None, None)),
        ([1.0], [1.0], Correlation(1, None, None)),
        ([1.0] * 9, [float(n) for n in range(9)], Correlation(9, None, None)),
        ([None, 1.0, 2.0], [1.0, None, 3.0], Correlation(1, None, None)),
    ],
)
def test_too_little_or_no_movement_says_nothing(candidate, outcome, expected):
    """No invented number."""
    found = correlate(candidate, outcome)
    assert found == expected
    assert not found.can_be_judged


def test_seven_periods_are_too_few_however_straight():
    """Almost anything correlates over a few weeks."""
    line = [float(n) for n in range(7)]
    assert not correlate(line, line).is_there


def test_changes_of_two_growing_series_need_not_correlate():
    """Both grow with time; from week to week one knows nothing of the other."""
    chance = random.Random(2)
    one = [n + chance.random() for n in range(40)]
    other = [2 * n + chance.random() for n in range(40)]
    assert correlate(one, other).is_there
    assert not correlate(changes_of(one), changes_of(other)).is_there
    assert changes_of([1.0, None, 3.0, 5.0]) == [None, None, 2.0]


def test_the_threshold_that_separates_best_is_found():
    """Three tasks: all who stayed did them, one of four who left."""
    people = [(3, True), (4, True), (7, True), (0, False), (1, False), (2, False), (3, False)]
    found = best_separation(people)
    assert (found.threshold, found.retained, found.lost) == (3, 3, 4)
    assert (found.reached_by_retained, found.reached_by_lost, found.youden) == (1.0, 0.25, 0.75)
    assert found.f1 == pytest.approx(2 * 3 / (4 + 3))


def test_of_equal_thresholds_the_lowest_is_taken():
    """It is the easiest to reach."""
    assert best_separation([(2, True), (5, True), (0, False)]).threshold == 2


@pytest.mark.parametrize("people", [[], [(1, True)], [(1, False)], [(0, True), (0, False)], [(0, True), (1, False)]])
def test_without_people_who_stay_for_it_there_is_no_threshold(people):
    """Nothing is separated."""
    assert best_separation(people) is None


def test_people_without_activity_count_too():
    """Who never did it is most of what is told."""
    assert people_of({"a": 4.0, "stranger": 9.0}, {"a": 1.0, "b": 0.0}) == [(4, True), (0, False)]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=60))
def test_no_threshold_separates_better(people):
    """Against every threshold by hand."""
    found = best_separation(people)
    retained, lost = (sum(stayed is kind for _, stayed in people) for kind in (True, False))
    best = found.youden if found is not None else 0.0
    for threshold in range(1, 22) if retained and lost else ():
        of_retained = sum(count >= threshold for count, stayed in people if stayed) / retained
        of_lost = sum(count >= threshold for count, stayed in people if not stayed) / lost
        assert of_retained - of_lost <= best + 1e-9
