"""A change between two periods by the segments of one dimension, where segments add up to the whole.

Pure; values by segment are handed in. The methods are those of `metrics.explain`.
"""

from collections.abc import Sequence
from decimal import Decimal

from metrics.asking import Pair
from metrics.evaluation import SegmentValues, can_be_united
from metrics.explain import Change, by_levels, by_rates
from metrics.formula import Arithmetic, Division, Formula, Leaf
from metrics.kinds import value_of
from schemas.computes import (
    Balance,
    Compute,
    Conversion,
    Counter,
    Fact,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sql,
    TimeBetween,
)
from schemas.expressions import Name, Negation, Node, Number, Operation, Previous
from schemas.measuring import OTHERS, Share

TOP = 8
"""Segments that have shares of their own; those of the others are united."""

_TOLERANCE = Decimal("0.001")
"""By how much the segments' sizes may miss the whole's, as a part of it, before they are said to be no split of it."""


def addends_of(formula: Formula) -> tuple[Formula, ...]:
    """What of a formula adds up over segments: itself, or its numerator and denominator; nothing if neither does.

    An average order value has no sum over channels, but what was paid has, and the number of orders.
    """
    match formula:
        case Leaf(compute=compute):
            return (formula,) if can_be_united(compute) else ()
        case Division(numerator=numerator, denominator=denominator):
            return (formula,) if _adds_up(numerator) and _adds_up(denominator) else ()
        case Arithmetic(node=node, parts=parts):
            if not all(_adds_up(part) for part in parts.values()):
                return ()
            if _is_linear(node):
                return (formula,)
            return tuple(Arithmetic(side, parts) for side in _quotient(node))


def shares_of(
    addends: Sequence[Sequence[SegmentValues]], wholes: Sequence[Sequence[Pair]], change: Change
) -> list[Share]:
    """The shares of the segments, the largest first, then the others and the rest.

    `addends`: by addend of the formula its values by segment, `wholes` the same for all; before and after each. Empty
    if there are not two segments, or if they do not add up to the whole.
    """
    values = [{row.segment or "": row.pairs for row in rows} for rows in addends]
    names = list(dict.fromkeys(name for rows in values for name in rows))
    if len(names) < 2:
        return []
    pairs = {name: tuple(_joined([rows.get(name) for rows in values], side) for side in (0, 1)) for name in names}
    whole = tuple(_joined([list(one) for one in wholes], side) for side in (0, 1))
    if whole[1].denominator is None:
        levels = {name: (value_of(before), value_of(after)) for name, (before, after) in pairs.items()}
        return _topped(by_levels(levels, change))
    for side in (0, 1):
        size = sum((sides[side].denominator or Decimal(0) for sides in pairs.values()), Decimal(0))
        if abs(size - (whole[side].denominator or Decimal(0))) > _TOLERANCE * abs(size):
            return []
    return _topped(by_rates({name: (before, after) for name, (before, after) in pairs.items()}, change))


def is_rate(compute: Compute) -> bool:
    """Whether a single computation is one number over another."""
    match compute:
        case Counter(denominator=denominator):
            return denominator is not None
        case Fact(aggregate=aggregate):
            return aggregate == "mean"
        case Balance(part=part):
            return part == "realised_value"
        case Sessions(part=part):
            return part != "count"
        case _:
            return isinstance(compute, Mean | Conversion | FunnelConversion | Retention | TimeBetween | Sql)


def _adds_up(formula: Formula) -> bool:
    match formula:
        case Leaf(compute=compute):
            return can_be_united(compute) and not is_rate(compute)
        case Division():
            return False
        case Arithmetic(node=node, parts=parts):
            return _is_linear(node) and all(_adds_up(part) for part in parts.values())


def _is_linear(node: Node) -> bool:
    """A sum of names with factors: what it is of two segments together is the sum of what it is of each."""
    match node:
        case Name() | Previous():
            return True
        case Negation(operand=operand):
            return _is_linear(operand)
        case Operation(operator="*", left=left, right=right):
            return (_is_linear(left) and _is_number(right)) or (_is_number(left) and _is_linear(right))
        case Operation(operator="/", left=left, right=right):
            return _is_linear(left) and _is_number(right)
        case Operation(left=left, right=right):
            return _is_linear(left) and _is_linear(right)
        case _:
            return False


def _is_number(node: Node) -> bool:
    match node:
        case Number():
            return True
        case Negation(operand=operand):
            return _is_number(operand)
        case Operation(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case _:
            return False


def _quotient(node: Node) -> tuple[Node, ...]:
    """Both sides of one linear expression over another, with a factor before or behind; empty if it is none."""
    match node:
        case Operation(operator="/", left=left, right=right) if _is_linear(left) and _is_linear(right):
            return left, right
        case Operation(operator="*", left=Operation(operator="/", left=left, right=right), right=factor) if (
            _is_linear(left) and _is_linear(right) and _is_number(factor)
        ):
            return Operation("*", left, factor), right
        case Operation(operator="*", left=factor, right=Operation(operator="/", left=left, right=right)) if (
            _is_linear(left) and _is_linear(right) and _is_number(factor)
        ):
            return Operation("*", factor, left), right
        case _:
            return ()


def _joined(addends: Sequence[Sequence[Pair] | None], side: int) -> Pair:
    """One pair of a numerator and a denominator that are addends of their own, or the pair of the only addend."""
    pairs = [addend[side] if addend else Pair(Decimal(0), None) for addend in addends]
    if len(pairs) == 1:
        return pairs[0]
    return Pair(value_of(pairs[0]), value_of(pairs[1]))


def _topped(shares: Sequence[Share]) -> list[Share]:
    sizes: dict[str, Decimal] = {}
    for share in shares:
        if share.part != "rest":
            sizes[share.name] = sizes.get(share.name, Decimal(0)) + abs(share.share)
    top = set(sorted(sizes, key=lambda name: -sizes[name])[:TOP])
    own = [share for share in shares if share.name in top and share.part != "rest"]
    others: dict[str, Decimal] = {}
    for share in shares:
        if share.part != "rest" and share.name not in top:
            others[share.part] = others.get(share.part, Decimal(0)) + share.share
    united = [Share(OTHERS, part, None, None, sum_) for part, sum_ in others.items()]  # type: ignore[arg-type]
    return [*own, *united, *(share for share in shares if share.part == "rest")]
