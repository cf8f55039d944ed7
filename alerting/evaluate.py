"""One look at one rule: the value of its metric against its threshold.

Does not keep state: see `alerting.states`. Does not know where values come from.
"""

import math
import operator
from collections.abc import Callable

from alerting.numbers import Numbers
from alerting.states import Observation, Verdict
from schemas.alerts import AlertRule
from schemas.reading import ReadingUnavailable

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


def evaluate(rule: AlertRule, numbers: Numbers, now_ms: int) -> Observation:
    """What the rule finds now. An unreadable or unknown metric is the verdict `error`, never an exception."""
    try:
        found = numbers.series(rule.subject, rule.bucket, 1, now_ms)[-1].value
    except ReadingUnavailable as failure:
        return Observation(Verdict.ERROR, None, f"cannot be read: {failure}")
    except LookupError as failure:
        return Observation(Verdict.ERROR, None, str(failure))
    if found is None or math.isnan(found):
        return Observation(Verdict.NO_DATA, None, f"no value for the {rule.bucket} bucket")
    breached = _COMPARISONS[rule.operator](found, rule.threshold)
    return Observation(Verdict.BREACHED if breached else Verdict.CLEAR, found)
