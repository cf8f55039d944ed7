"""Metrics from the published day counters: which counters, how days become weeks, and which colour a value has.

Does not query by itself: `schemas.reading.Reports` is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from dashboard.moments import Today
from dashboard.periods import Days, Grain, buckets_of
from schemas.definitions import MetricDefinition, Workspace
from schemas.reading import Completeness, Reports, RestatedDay

Edition = Literal["first", "now"]
"""`first`: as it stood when its day ended. `now`: with everything known since."""


@dataclass(frozen=True, slots=True)
class Formula:
    """How a metric comes from counters.

    `over`: a bucket takes the value of its `last_day` (or today, while it runs), or the `sum` of its days.
    `matures`: its days are cohorts, whose value rises until the activation window of their last member is over.
    """

    numerator: str
    denominator: str | None
    over: Literal["last_day", "sum"]
    matures: bool = False

    @property
    def counters(self) -> tuple[str, ...]:
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)


FORMULAS: Mapping[str, Formula] = {
    "dau": Formula("dau", None, "last_day"),
    "wau": Formula("wau", None, "last_day"),
    "mau": Formula("mau", None, "last_day"),
    "stickiness": Formula("dau", "mau", "last_day"),
    "signups": Formula("signups", None, "sum"),
    "activated": Formula("activated", None, "sum", matures=True),
    "activations": Formula("activations", None, "sum"),
    "activation_rate": Formula("activated", "signups", "sum", matures=True),
}


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one bucket; None is a rate over nothing."""

    bucket: date
    value: float | None
    status: str
    settled: bool
    restated: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a metric. `cohort_window_seconds`: for how long a member of a cohort may still be activated."""

    metric: MetricDefinition
    days: Days
    grain: Grain
    edition: Edition
    cohort_window_seconds: int


@dataclass(frozen=True, slots=True)
class Series:
    completeness: Completeness
    points: Sequence[Point]


def catalogue(workspace: Workspace) -> dict[str, MetricDefinition]:
    """The metrics by id: what the workspace says about them, or a bare entry for those it leaves out."""
    bare = {
        name: MetricDefinition(name, {"en": name}, {"en": ""}, "count" if formula.denominator is None else "ratio", "")
        for name, formula in FORMULAS.items()
    }
    return bare | {metric.id: metric for metric in workspace.metrics if metric.id in FORMULAS}


def read_series(reports: Reports, question: Question, today: Today) -> Series:
    """The points of a metric, one for each bucket that has a day in the range.

    Completeness is read before the values, so that it never says more than they hold.
    """
    formula = FORMULAS[question.metric.id]
    buckets = buckets_of(question.days, question.grain)
    span = Days(buckets[0].first, buckets[-1].last)
    completeness = reports.recent_completeness()
    values = shown(reports.daily(formula.counters, span.first, span.last), today.day)
    restated = reports.restated_days(formula.counters, span.first, span.last)
    if question.edition == "first":
        values = as_first_published(values, restated)
    changed = {(change.metric, change.bucket) for change in restated}
    points = []
    for bucket in buckets:
        counted = _counted_days(formula, bucket, today.day)
        value = evaluate(formula, values, counted)
        points.append(
            Point(
                bucket=bucket.first,
                value=value,
                status=status_of(question.metric, value) if _can_be_judged(question, bucket, today) else "none",
                settled=today.is_settled(bucket.last, completeness),
                restated=any((counter, day) in changed for counter in formula.counters for day in counted),
            )
        )
    return Series(completeness, points)


def shown(values: Mapping[str, Mapping[date, int]], today: date) -> dict[str, dict[date, int]]:
    """Without the days after today: the stream computes them (a rolling window reaches ahead), nobody shows them."""
    return {counter: {day: n for day, n in by_day.items() if day <= today} for counter, by_day in values.items()}


def as_first_published(
    values: Mapping[str, Mapping[date, int]], restated: Sequence[RestatedDay]
) -> dict[str, dict[date, int]]:
    """The values with every restatement undone."""
    undone = {counter: dict(by_day) for counter, by_day in values.items()}
    for change in restated:
        undone.setdefault(change.metric, {})[change.bucket] = change.before
    return undone


def evaluate(formula: Formula, values: Mapping[str, Mapping[date, int]], days: Days) -> float | None:
    """The metric over these days: days without rows count 0, a ratio over 0 is None."""
    totals = [sum(values.get(counter, {}).get(day, 0) for day in days) for counter in formula.counters]
    if formula.denominator is None:
        return float(totals[0])
    return totals[0] / totals[1] if totals[1] else None


def status_of(metric: MetricDefinition, value: float | None) -> str:
    """The colour of a value; `orange` and `red` are the values from which that colour holds, in the bad direction."""
    if value is None or (metric.orange is None and metric.red is None):
        return "none"
    sign = 1.0 if metric.direction == "down" else -1.0
    for colour, threshold in (("red", metric.red), ("orange", metric.orange)):
        if threshold is not None and sign * value >= sign * threshold:
            return colour
    return "green"


def _counted_days(formula: Formula, bucket: Days, today: date) -> Days:
    if formula.over == "sum":
        return bucket
    last = today if bucket.first <= today <= bucket.last else bucket.last
    return Days(last, last)


def _can_be_judged(question: Question, bucket: Days, today: Today) -> bool:
    """Thresholds are written for a day; a sum over a week or month cannot be held against them.

    Nor can a cohort that is still maturing: its value is low for no reason but its age.
    """
    formula = FORMULAS[question.metric.id]
    if formula.matures and today.is_open(bucket.last, question.cohort_window_seconds):
        return False
    return question.grain == "day" or formula.over == "last_day" or formula.denominator is not None
