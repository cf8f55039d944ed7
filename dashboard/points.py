"""Points of a series as the API sends them: value, colour, and how final it is.

Does not measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashboard.moments import Today
from dashboard.periods import Days, Grain, buckets_of
from schemas.catalogue import MetricDefinition
from schemas.colours import fits, is_shared_out, span_of, status_of
from schemas.measuring import Value
from schemas.reading import Completeness

_GRAIN_DAYS: Mapping[Grain, int] = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Judge:
    """Says which colour the values of a metric have over buckets of a grain, and which of them are settled."""

    metric: MetricDefinition
    is_comparable: bool
    today: Today
    completeness: Completeness

    def status(self, value: Value) -> str:
        """None of a cohort that is still maturing: its value is low for no reason but its age."""
        if not self.is_comparable or value.is_maturing:
            return "none"
        return status_of(self.metric, value.value)


def judge_of(
    metric: MetricDefinition,
    metrics: Mapping[str, MetricDefinition],
    days: int,
    today: Today,
    through_ms: int | None,
    is_segment: bool = False,
) -> Judge:
    """For values over so many days; thresholds of a count hold for the span that they are written for.

    `is_segment`: of some people only. What is a part of a whole is not held against the whole's thresholds.
    """
    is_comparable = fits(span_of(metric, metrics), days) and not (is_segment and is_shared_out(metric, metrics))
    return Judge(metric, is_comparable, today, Completeness(0, through_ms))


def grain_days(grain: Grain) -> int:
    """How long a bucket is, as far as thresholds ask."""
    return _GRAIN_DAYS[grain]


def points_of(judge: Judge, days: Days, grain: Grain, values: Sequence[Value]) -> list[dict[str, Any]]:
    """One for each bucket that has a day in the range; a bucket without a value has none."""
    by_bucket = {value.bucket: value for value in values}
    return [_point(judge, bucket, by_bucket.get(bucket.first)) for bucket in buckets_of(days, grain)]


def _point(judge: Judge, bucket: Days, found: Value | None) -> dict[str, Any]:
    value = found or Value(bucket.first, None, None, None, version=judge.metric.version)
    return {
        "bucket": bucket.first,
        "value": number(value.value),
        "status": judge.status(value),
        "settled": judge.today.is_settled(bucket.last, judge.completeness),
        "restated": value.restated,
        "numerator": number(value.numerator),
        "denominator": number(value.denominator),
        "maturing": value.is_maturing,
        "version": value.version,
    }


def number(value: Decimal | float | None) -> float | None:
    """As JSON has it."""
    return None if value is None else float(value)
