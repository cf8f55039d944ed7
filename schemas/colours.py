"""Which colour a value has, and which values may be held against a metric's thresholds: of which span, of which people.

Does not measure.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

from schemas.catalogue import MetricDefinition
from schemas.computes import (
    STREAMED,
    Actives,
    AtRisk,
    Balance,
    Compute,
    Count,
    Counter,
    Distinct,
    Expression,
    Fact,
    Ratio,
    Sessions,
    Sum,
)
from schemas.expressions import (
    ExpressionError,
    Extreme,
    Name,
    Negation,
    Node,
    Number,
    Operation,
    Previous,
    parse_expression,
)

Colour = Literal["green", "orange", "red", "none"]
Span = Literal["day", "week", "month"]

_STOCKS = ("start", "end", "retained", "customers_start", "customers_end", "realised_value")
_MONTH_DAYS = (28, 31)
_MAX_NESTING = 12


def status_of(metric: MetricDefinition, value: Decimal | float | None) -> Colour:
    """The colour of a value; `orange` and `red` are the values from which that colour holds, in the bad direction."""
    if value is None or (metric.orange is None and metric.red is None):
        return "none"
    sign = 1 if metric.direction == "down" else -1
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if metric.red is not None and sign * exact >= sign * metric.red:
        return "red"
    if metric.orange is not None and sign * exact >= sign * metric.orange:
        return "orange"
    return "green"


def span_of(metric: MetricDefinition, metrics: Mapping[str, MetricDefinition]) -> Span | None:
    """The span of time that target and thresholds are written for; None when a value says the same over any span.

    A count of a month cannot be held against a day's threshold, nor can customers lost in a day, over those there were.
    """
    if not _power(metric.compute, _by_time, metrics, _MAX_NESTING):
        return None
    return metric.per or ("day" if metric.id in STREAMED else "month")


def is_shared_out(metric: MetricDefinition, metrics: Mapping[str, MetricDefinition]) -> bool:
    """A segment's value is a part of the whole's, so that target and thresholds of the whole say nothing of it.

    So it is for counts, sums and levels; rates, means and scores of a segment stand beside those of the whole.
    """
    return _power(metric.compute, _by_people, metrics, _MAX_NESTING) != 0


def fits(span: Span | None, days: int) -> bool:
    """A range of so many days may be held against thresholds for that span (28 to 31 days make a month)."""
    if span is None:
        return True
    if span == "month":
        return _MONTH_DAYS[0] <= days <= _MONTH_DAYS[1]
    return days == (7 if span == "week" else 1)


Leaf = Callable[[Compute], int]
"""The power with which what a computation gives grows with something."""


def _by_time(compute: Compute) -> int:
    """With the length of the span: 1 for sums and counts, 0 for levels and rates."""
    match compute:
        case Counter(denominator=None, over="sum") | Count() | Distinct() | Sum():
            return 1
        case Fact(aggregate="sum") | Sessions(part="count"):
            return 1
        case Balance(part=part, months=months):
            return 0 if part in _STOCKS or months else 1
        case _:
            return 0


def _by_people(compute: Compute) -> int:
    """With the number of people or accounts: 1 for whatever adds up over segments of them."""
    match compute:
        case Counter(denominator=None) | Count() | Distinct() | Sum() | Actives() | AtRisk():
            return 1
        case Fact(aggregate="sum" | "last") | Sessions(part="count"):
            return 1
        case Balance(part=part):
            return 0 if part == "realised_value" else 1
        case _:
            return 0


def _power(compute: Compute, leaf: Leaf, metrics: Mapping[str, MetricDefinition], depth: int) -> int:
    match compute:
        case Ratio(numerator=numerator, denominator=denominator):
            return _of_part(numerator, leaf, metrics, depth) - _of_part(denominator, leaf, metrics, depth)
        case Expression():
            return _of_expression(compute, leaf, metrics, depth)
        case _:
            return leaf(compute)


def _of_part(part: "str | Compute", leaf: Leaf, metrics: Mapping[str, MetricDefinition], depth: int) -> int:
    if depth == 0:
        return 0
    if not isinstance(part, str):
        return _power(part, leaf, metrics, depth - 1)
    return _power(metrics[part].compute, leaf, metrics, depth - 1) if part in metrics else 0


def _of_expression(compute: Expression, leaf: Leaf, metrics: Mapping[str, MetricDefinition], depth: int) -> int:
    def of(node: Node) -> int:
        match node:
            case Number():
                return 0
            case Name(id=name) | Previous(id=name):
                return _of_part(compute.terms.get(name, name), leaf, metrics, depth)
            case Negation(operand=operand):
                return of(operand)
            case Extreme(operands=operands):
                return max(map(of, operands))
            case Operation(operator="*", left=left, right=right):
                return of(left) + of(right)
            case Operation(operator="/", left=left, right=right):
                return of(left) - of(right)
            case Operation(left=left, right=right):
                return max(of(left), of(right))

    try:
        return of(parse_expression(compute.text))
    except ExpressionError:
        return 0
