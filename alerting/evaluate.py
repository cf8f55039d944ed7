"""One look at one rule: the value of its metric against its threshold.

Does not keep state: see `alerting.states`. Does not know where values come from.
"""

import math
import operator
from collections.abc import Callable
from typing import Literal, Protocol

from alerting.states import Observation, Verdict
from schemas.definitions import AlertRule
from schemas.reading import ReadingUnavailable


class ValueOf(Protocol):
    """Looks up a metric: of the bucket that contains `now_ms` (running), or of the last one before it (complete).

    None when there is no value (a rate over nothing). May raise `ReadingUnavailable`, or `LookupError` for an
    unknown metric.
    """

    def __call__(self, metric_id: str, bucket: Literal["running", "complete"], now_ms: int) -> float | None: ...


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def waits_for_handoffs(rule: AlertRule) -> bool:
    """While a person is on its way between partitions counters may be low by one: only such rules could fire on it."""
    return rule.operator in ("<", "<=", "==", "!=")


def evaluate(rule: AlertRule, value: ValueOf, now_ms: int) -> Observation:
    """What the rule finds now. An unreadable or unknown metric is the verdict `error`, never an exception."""
    try:
        found = value(rule.metric, rule.bucket, now_ms)
    except ReadingUnavailable as failure:
        return Observation(Verdict.ERROR, None, f"cannot be read: {failure}")
    except LookupError:
        return Observation(Verdict.ERROR, None, f"unknown metric {rule.metric}")
    if found is None or math.isnan(found):
        return Observation(Verdict.NO_DATA, None, f"no value for the {rule.bucket} bucket")
    breached = _COMPARISONS[rule.operator](found, rule.threshold)
    return Observation(Verdict.BREACHED if breached else Verdict.CLEAR, found)
