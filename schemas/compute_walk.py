"""Walks computations: their parts, and the metrics that they refer to.

Does not compute.
"""

from collections.abc import Iterator, Mapping

from schemas.catalogue import MetricDefinition
from schemas.computes import Compute, Expression, Ratio
from schemas.expressions import ExpressionError, names_of, parse_expression


def parts_of(compute: Compute) -> Iterator[Compute]:
    """The computation and all that it is made of, without following metrics."""
    yield compute
    for inner in _inner(compute):
        yield from parts_of(inner)


def metrics_of(compute: Compute) -> frozenset[str]:
    """The metrics that a computation refers to, at any depth of its own."""
    return frozenset(name for part in parts_of(compute) for name in _named(part))


def all_parts(metric: MetricDefinition, metrics: Mapping[str, MetricDefinition]) -> Iterator[Compute]:
    """The parts of a metric and of all metrics under it, each metric once."""
    waiting, seen = [metric.id], {metric.id}
    while waiting:
        compute = metrics[waiting.pop()].compute
        yield from parts_of(compute)
        for name in sorted(metrics_of(compute) - seen):
            if name in metrics:
                seen.add(name)
                waiting.append(name)


def _inner(compute: Compute) -> tuple[Compute, ...]:
    match compute:
        case Ratio(numerator, denominator):
            return tuple(part for part in (numerator, denominator) if not isinstance(part, str))
        case Expression(_, terms):
            return tuple(terms.values())
        case _:
            return ()


def _named(compute: Compute) -> frozenset[str]:
    match compute:
        case Ratio(numerator, denominator):
            return frozenset(part for part in (numerator, denominator) if isinstance(part, str))
        case Expression(text, terms):
            try:
                return names_of(parse_expression(text)) - frozenset(terms)
            except ExpressionError:
                return frozenset()
        case _:
            return frozenset()
