"""The streamed metrics from the published day counters: how days become weeks, and first editions.

Does not query by itself: `schemas.reading.Reports` is handed in. All other metrics: `schemas.measuring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from dashboard.moments import Today
from dashboard.periods import Days, Grain, buckets_of
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED, Counter
from schemas.definitions import Workspace
from schemas.measuring import Value
from schemas.reading import Completeness, Reports, RestatedDay

Edition = Literal["first", "now"]
"""`first`: as it stood when its day ended. `now`: with everything known since."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a streamed metric. `cohort_window_seconds`: how long a member of a cohort may be activated."""

    metric: MetricDefinition
    days: Days
    grain: Grain
    edition: Edition
    cohort_window_seconds: int


@dataclass(frozen=True, slots=True)
class Series:
    completeness: Completeness
    values: Sequence[Value]


def is_streamed(metric: MetricDefinition) -> bool:
    """One of contracts §3, as defined there: it is read from the counters themselves, as fresh as the request."""
    return STREAMED.get(metric.id) == metric.compute


def read_series(reports: Reports, question: Question, today: Today) -> Series:
    """The values of a streamed metric, one for each bucket that has a day in the range.

    Completeness is read before the values, so that it never says more than they hold.
    """
    formula = STREAMED[question.metric.id]
    counters = counters_of(formula)
    buckets = buckets_of(question.days, question.grain)
    span = Days(buckets[0].first, buckets[-1].last)
    completeness = reports.recent_completeness()
    values = shown(reports.daily(counters, span.first, span.last), today.day)
    restated = reports.restated_days(counters, span.first, span.last)
    if question.edition == "first":
        values = as_first_published(values, restated)
    changed = {(change.metric, change.bucket) for change in restated}
    return Series(completeness, [_value(question, formula, bucket, values, changed, today) for bucket in buckets])


def _value(
    question: Question,
    formula: Counter,
    bucket: Days,
    values: Mapping[str, Mapping[date, int]],
    changed: set[tuple[str, date]],
    today: Today,
) -> Value:
    counted = _counted_days(formula, bucket, today.day)
    numerator, denominator = _totals(formula, values, counted)
    value = numerator if denominator is None else numerator / denominator if denominator else None
    return Value(
        bucket=bucket.first,
        numerator=numerator,
        denominator=denominator,
        value=value,
        is_maturing=formula.matures and today.is_open(bucket.last, question.cohort_window_seconds),
        restated=any((counter, day) in changed for counter in counters_of(formula) for day in counted),
        version=question.metric.version,
    )


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


def counters_of(formula: Counter) -> tuple[str, ...]:
    return (formula.numerator,) if formula.denominator is None else (formula.numerator, formula.denominator)


def evaluate(formula: Counter, values: Mapping[str, Mapping[date, int]], days: Days) -> float | None:
    """The metric over these days: days without rows count 0, a ratio over 0 is None."""
    numerator, denominator = _totals(formula, values, days)
    if denominator is None:
        return float(numerator)
    return int(numerator) / int(denominator) if denominator else None


def _totals(formula: Counter, values: Mapping[str, Mapping[date, int]], days: Days) -> tuple[Decimal, Decimal | None]:
    totals = [Decimal(sum(values.get(name, {}).get(day, 0) for day in days)) for name in counters_of(formula)]
    return totals[0], totals[1] if len(totals) > 1 else None


def _counted_days(formula: Counter, bucket: Days, today: date) -> Days:
    if formula.over == "sum":
        return bucket
    last = today if bucket.first <= today <= bucket.last else bucket.last
    return Days(last, last)


def catalogue(workspace: Workspace) -> dict[str, MetricDefinition]:
    """The streamed metrics by id: what the workspace says about them, or a bare entry for those it leaves out."""
    return bare_definitions() | {metric.id: metric for metric in workspace.metrics if metric.id in STREAMED}


def bare_definitions() -> dict[str, MetricDefinition]:
    """Streamed metrics that nobody has described."""
    return {
        name: MetricDefinition(name, {"en": name}, {"en": ""}, "ratio" if formula.denominator else "count", "", formula)
        for name, formula in STREAMED.items()
    }
