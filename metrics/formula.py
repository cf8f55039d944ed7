"""A metric as a tree of arithmetic whose leaves are computations that are made of no others.

Does not compute leaves.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from metrics.asking import Pair
from metrics.expression import evaluate
from metrics.kinds import value_of
from schemas.catalogue import MetricDefinition
from schemas.computes import Compute, Expression, Ratio
from schemas.expressions import ExpressionError, Node, Previous, children_of, parse_expression
from schemas.measuring import NotComputable

_MAX_NESTING = 24


@dataclass(frozen=True, slots=True)
class Leaf:
    """`key`: the same for the same computation, whichever metric it is of, in every process."""

    compute: Compute
    key: str


@dataclass(frozen=True, slots=True)
class Division:
    numerator: "Formula"
    denominator: "Formula"
    scale: Decimal


@dataclass(frozen=True, slots=True)
class Arithmetic:
    node: Node
    parts: "Mapping[str, Formula]"


Formula = Leaf | Division | Arithmetic


def formula_of(metric: str, metrics: Mapping[str, MetricDefinition]) -> Formula:
    """The tree of a metric.

    Raises:
        KeyError: there is no such metric.
        NotComputable: it names unknown ones, or itself, or is no arithmetic.
    """
    return _of_compute(metrics[metric].compute, metrics, (metric,))


def _of_compute(compute: Compute, metrics: Mapping[str, MetricDefinition], path: tuple[str, ...]) -> Formula:
    match compute:
        case Ratio(numerator=numerator, denominator=denominator, scale=scale):
            above, below = (_of_part(part, metrics, path) for part in (numerator, denominator))
            return Division(above, below, Decimal(int(scale) if scale == int(scale) else repr(scale)))
        case Expression(text=text, terms=terms):
            node = _parsed(text)
            return Arithmetic(node, {name: _of_part(terms.get(name, name), metrics, path) for name in _names(node)})
        case _:
            return Leaf(compute, key_of(compute))


def _of_part(part: "str | Compute", metrics: Mapping[str, MetricDefinition], path: tuple[str, ...]) -> Formula:
    if not isinstance(part, str):
        return _of_compute(part, metrics, path)
    if part in path or len(path) > _MAX_NESTING:
        raise NotComputable(f"{' → '.join((*path, part))}: a metric cannot be made of itself")
    if part not in metrics:
        raise NotComputable(f'there is no metric "{part}"')
    return _of_compute(metrics[part].compute, metrics, (*path, part))


def _parsed(text: str) -> Node:
    try:
        return parse_expression(text)
    except ExpressionError as error:
        raise NotComputable(f'"{text}" {error}') from error


def _names(node: Node) -> Iterator[str]:
    if name := getattr(node, "id", ""):
        yield name
    for child in children_of(node):
        yield from _names(child)


def key_of(compute: Compute) -> str:
    """Changes with everything that the computation says."""
    return hashlib.blake2b(repr(compute).encode(), digest_size=12).hexdigest()


def leaves_of(formula: Formula) -> frozenset[Leaf]:
    """Every leaf, once."""
    match formula:
        case Leaf():
            return frozenset((formula,))
        case Division(numerator=numerator, denominator=denominator):
            return leaves_of(numerator) | leaves_of(denominator)
        case Arithmetic(parts=parts):
            return frozenset(leaf for part in parts.values() for leaf in leaves_of(part))


def looks_back(formula: Formula) -> bool:
    """Whether it needs the bucket before, too."""
    match formula:
        case Leaf():
            return False
        case Division(numerator=numerator, denominator=denominator):
            return looks_back(numerator) or looks_back(denominator)
        case Arithmetic(node=node, parts=parts):
            return _has_previous(node) or any(looks_back(part) for part in parts.values())


def _has_previous(node: Node) -> bool:
    return isinstance(node, Previous) or any(_has_previous(child) for child in children_of(node))


PairOf = Callable[[Leaf, bool], Pair]
"""The pair of a leaf in the bucket in question, or in the one before it."""


def pair_of(formula: Formula, of: PairOf, is_previous: bool = False) -> Pair:
    """The formula in one bucket. In the bucket before, `previous` has no value: nobody reads two buckets back."""
    match formula:
        case Leaf():
            return of(formula, is_previous)
        case Division(numerator=numerator, denominator=denominator, scale=scale):
            above, below = pair_of(numerator, of, is_previous), pair_of(denominator, of, is_previous)
            value, size = value_of(above), value_of(below)
            is_maturing = above.is_maturing or below.is_maturing
            if value is None or size is None:
                return Pair(None, None, is_maturing)
            return Pair(value * scale, size, is_maturing)
        case Arithmetic(node=node, parts=parts):
            return _pair_of_arithmetic(node, parts, of, is_previous)


def _pair_of_arithmetic(node: Node, parts: Mapping[str, Formula], of: PairOf, is_previous: bool) -> Pair:
    now = {name: pair_of(part, of, is_previous) for name, part in parts.items()}
    needs_before = _has_previous(node) and not is_previous
    past = {name: value_of(pair_of(part, of, True)) for name, part in parts.items()} if needs_before else {}
    value = evaluate(node, {name: value_of(pair) for name, pair in now.items()}, past)
    return Pair(value, None, any(pair.is_maturing for pair in now.values()))
