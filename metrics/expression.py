"""The value of an expression of other metrics.

Pure. Does not parse: see `schemas.expressions`. Reckons in fractions, so that `a / 3 * 3` is `a`; the result alone is
rounded, to 28 digits.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from schemas.expressions import Extreme, Name, Negation, Node, Number, Operation, Previous

Lookup = Callable[[Name | Previous], Fraction | None]
"""What a name stands for; None where there is no value."""


def evaluate(
    node: Node, now: Mapping[str, Decimal | None], before: Mapping[str, Decimal | None] | None = None
) -> Decimal | None:
    """The value by name `now` and, for `previous(…)`, in the bucket `before`.

    None if a name that is needed has no value or is missing, or something is divided by 0.
    """

    def found(name: Name | Previous) -> Fraction | None:
        value = ((before or {}) if isinstance(name, Previous) else now).get(name.id)
        return None if value is None else Fraction(value)

    return as_decimal(reckon(node, found))


def reckon(node: Node, lookup: Lookup) -> Fraction | None:
    """The exact value; None as in `evaluate`."""
    match node:
        case Number(value):
            return Fraction(value)
        case Name() | Previous():
            return lookup(node)
        case Negation(operand):
            value_of = reckon(operand, lookup)
            return None if value_of is None else -value_of
        case Operation(operator, left, right):
            return _joined(operator, reckon(left, lookup), reckon(right, lookup))
        case Extreme(function, operands):
            values = [reckon(operand, lookup) for operand in operands]
            known = [value for value in values if value is not None]
            if len(known) < len(values):
                return None
            return min(known) if function == "min" else max(known)


def as_decimal(value: Fraction | None) -> Decimal | None:
    """Rounded to 28 digits where it does not come out even."""
    return None if value is None else Decimal(value.numerator) / Decimal(value.denominator)


def _joined(operator: str, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    if left is None or right is None:
        return None
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else None
