"""The value of a metric for alerting: of the day of now, or of the last day that is over.

Does not evaluate rules: see `alerting`.
"""

from typing import Literal

from alerting.evaluate import ValueOf
from dashboard.metrics import evaluate
from dashboard.periods import Days
from schemas.calendar import Calendar, day_date
from schemas.computes import STREAMED
from schemas.reading import Reports


def value_reader(reports: Reports, calendar: Calendar) -> ValueOf:
    """A function (metric id, bucket, now in Unix ms) → value, None for a rate over nothing."""

    def value(metric_id: str, bucket: Literal["running", "complete"], now_ms: int) -> float | None:
        """Raises LookupError for an unknown metric, ReadingUnavailable while the warehouse is away."""
        formula = STREAMED[metric_id]
        counters = [name for name in (formula.numerator, formula.denominator) if name]
        day = day_date(calendar.day_of(now_ms) - (bucket == "complete"))
        return evaluate(formula, reports.daily(counters, day, day), Days(day, day))

    return value
