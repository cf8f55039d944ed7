"""What one look finds: thresholds, changes, anomalies and absence, against a table that ops can read.

Does not keep states: see test_alert_states.py.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerting.anomaly import robust_z
from alerting.evaluate import evaluate
from alerting.numbers import Point
from alerting.states import Verdict
from schemas.alerts import Absence, AlertRule, Anomaly, Bucket, Change, Comparison, MetricSubject, Subject, Threshold

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "comparisons.yaml").read_text())
LAST = date(2026, 3, 1)


class Buckets:
    """The buckets of a case; before them there is nothing."""

    def __init__(self, points: Sequence[Point], seen_ms: int | None = None) -> None:
        self._points = list(points)
        self._seen_ms = seen_ms

    def series(self, _subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        missing = count - len(self._points)
        return [Point(LAST - timedelta(days=count - 1 - n), None) for n in range(missing)] + self._points[-count:]

    def last_seen_ms(self, _subject: Subject, _now_ms: int) -> int | None:
        return self._seen_ms


def points_of(values: list[Any]) -> list[Point]:
    """The last one on Sunday 2026-03-01; without samples of its own a number is its samples."""
    pairs = [each if isinstance(each, list) else [each, each] for each in values]
    clean = [[None if number == "none" else number for number in pair] for pair in pairs]
    return [Point(LAST - timedelta(days=len(clean) - 1 - n), *pair) for n, pair in enumerate(clean)]


def comparison_of(rule: dict[str, Any]) -> Comparison:
    if "change" in rule:
        return Change(*rule["change"])
    if "anomaly" in rule:
        buckets, season = rule["anomaly"]
        return Anomaly(buckets, season == "week")
    return Threshold()


def rule_of(comparison: Comparison, operator: Any, threshold: float, min_samples: float = 0.0) -> AlertRule:
    subject = MetricSubject("orders")
    return AlertRule("R", "g", subject, "complete", operator, threshold, comparison=comparison, min_samples=min_samples)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_look_finds_what_the_table_says(case: dict[str, Any]) -> None:
    """Each case of cases/comparisons.yaml: the verdict, the number that was compared, and the word on it."""
    told = case["rule"]
    rule = rule_of(comparison_of(told), *told["condition"], told.get("min_samples", 0.0))
    points = points_of(case["values"])
    seen = evaluate(rule, Buckets(points), 0)
    assert seen.verdict == case["verdict"], seen.detail
    if "says" in case:
        assert seen.detail == case["says"]
    if "compared" in case:
        assert seen.compared == pytest.approx(case["compared"], abs=1e-4)
    if seen.verdict is Verdict.NO_DATA:
        assert (seen.value, seen.compared, seen.comparison) == (None, None, None)
    else:
        assert seen.value == points[-1].value
        assert seen.comparison is not None


def test_messages_can_say_what_was_compared() -> None:
    """The baseline and the change, or what is usual and the z-score, are told as plain data."""
    change = evaluate(rule_of(Change("previous", "percent"), "<", -30.0), Buckets(points_of([100, 65])), 0)
    assert change.comparison == {
        "kind": "change",
        "against": "previous",
        "unit": "percent",
        "baseline": 100,
        "change": -35.0,
    }
    odd = evaluate(rule_of(Anomaly(6, False), ">", 3.5), Buckets(points_of([5, 5, 5, 5, 5, 6, 7])), 0)
    assert odd.comparison is not None
    assert (odd.comparison["kind"], odd.comparison["baseline"], odd.comparison["points"]) == ("anomaly", 5, 6)


@pytest.mark.parametrize(
    ("seen_ms", "verdict", "says"),
    [
        (3_000_000, Verdict.BREACHED, "7000 s since the last one, at least 1h"),
        (6_400_000, Verdict.BREACHED, "3600 s since the last one, at least 1h"),
        (6_400_001, Verdict.CLEAR, "3600 s since the last one, less than 1h"),
        (99_000_000, Verdict.CLEAR, "0 s since the last one, less than 1h"),
        (None, Verdict.NO_DATA, "never seen"),
    ],
)
def test_absence_is_the_age_of_the_latest_message(seen_ms: int | None, verdict: Verdict, says: str) -> None:
    """Breached from the whole time on; a message from the future is from now; what never came is no data."""
    found = evaluate(rule_of(Absence(3600.0), ">=", 3600.0), Buckets([], seen_ms), 10_000_000)
    assert (found.verdict, found.detail) == (verdict, says)


def test_absence_counts_only_where_a_usual_day_has_enough() -> None:
    """With `min_samples` the last whole bucket must have had so many."""
    rule = rule_of(Absence(60.0), ">=", 60.0, min_samples=10.0)
    quiet, busy = (Buckets(points_of([[number, number]]), 0) for number in (9, 10))
    assert [evaluate(rule, each, 100_000).verdict for each in (quiet, busy)] == [Verdict.NO_DATA, Verdict.BREACHED]


@given(st.lists(st.integers(-1000, 1000), min_size=5, max_size=40), st.integers(-1000, 1000), st.integers(-500, 500))
def test_the_score_moves_with_the_numbers(history: list[int], value: int, shift: int) -> None:
    """The same distance among the same spread is the same score, wherever the numbers lie; mirrored it is negative."""
    score = robust_z(value, history)
    moved = robust_z(value + shift, [each + shift for each in history])
    mirrored = robust_z(-value, [-each for each in history])
    if score is None:
        assert moved is None
        assert mirrored is None
    else:
        assert moved is not None
        assert mirrored is not None
        assert moved.z == pytest.approx(score.z)
        assert mirrored.z == pytest.approx(-score.z)
