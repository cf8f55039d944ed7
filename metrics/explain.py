"""Why a metric moved: a change between two periods as a sum of shares, by inputs and by segments.

Pure; the numbers and the marks of doubt are handed in. docs/why-it-moved.md says the methods in words, ADR 0923 why.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import combinations
from math import factorial

from metrics.asking import Pair
from metrics.expression import as_decimal, reckon
from schemas.expressions import Name, Node, Number, Operation, Previous, children_of
from schemas.measuring import Share

PLACES = Decimal("1E-10")
"""Shares are rounded to this; what is left over is the rest."""

MOST_MOVED = 12
"""Inputs that moved, at most: each more doubles the work. Beyond it nothing is shared out."""

REST = "rest"
"""The name of what no input or segment accounts for: rounding, or people whom segments count twice."""

Known = Mapping[Name | Previous, Decimal | None]
Change = tuple[Decimal | None, Decimal | None]
"""A value before and after."""


def inputs_of(node: Node) -> list[Name | Previous]:
    """The names of an expression, each once, in their order. What `previous` asks for is an input of its own."""
    if isinstance(node, Name | Previous):
        return [node]
    return list(dict.fromkeys(name for child in children_of(node) for name in inputs_of(child)))


def quotient(numerator: str = "numerator", denominator: str = "denominator", scale: Decimal = Decimal(1)) -> Node:
    """A ratio as an expression of two names."""
    return Operation("*", Operation("/", Name(numerator), Name(denominator)), Number(scale))


def by_inputs(node: Node, before: Known, after: Known, change: Change) -> list[Share]:
    """Each input's share of the change of an expression, by Shapley values, with a rest.

    An input's share is what the value changes when that input alone goes from before to after, averaged over all orders
    in which the inputs can go one after the other. Of a sum that is each term's own difference; a product's joint
    effect is split evenly. Empty if the value is missing before or after. If the value would be missing on the way (an
    input is 0 between), nothing can be shared out and all is rest.
    """
    total = _difference(change)
    if total is None:
        return []
    names = inputs_of(node)
    moved = [name for name in names if before.get(name) != after.get(name)]
    effects = _shapley(_coalitions(node, moved, before, after), moved) if len(moved) <= MOST_MOVED else None
    if effects is None:
        return [_rest(total)]
    shares = [
        Share(_label(name), "whole", before.get(name), after.get(name), _rounded(effects.get(name, Fraction(0))))
        for name in names
    ]
    return _with_rest(shares, total)


def by_levels(segments: Mapping[str, Change], change: Change) -> list[Share]:
    """Each segment's share of the change of a count, a sum or a level: its own difference; nothing counts as 0."""
    total = _difference(change)
    if total is None:
        return []
    shares = [
        Share(name, "whole", before, after, (after or Decimal(0)) - (before or Decimal(0)))
        for name, (before, after) in segments.items()
    ]
    return _with_rest(sorted(shares, key=_size), total)


def by_rates(segments: Mapping[str, tuple[Pair, Pair]], change: Change) -> list[Share]:
    """Each segment's two shares of the change of a ratio: `mix` and `rate`.

    With w a segment's part of the denominator, r its ratio, and R that of all, means being those of before and after:
    rate = mean w × change of r; mix = change of w × (mean r − mean R). So a segment that grows lifts the whole if its
    ratio is above the whole's. A segment that is there in one period only has no change of ratio: all is mix. One with
    a numerator over nothing (money spent on a channel that nobody came by) has one share, `whole`.
    """
    total = _difference(change)
    sides = [[pairs[side] for pairs in segments.values()] for side in (0, 1)]
    sizes = [sum((Fraction(pair.denominator or 0) for pair in side), Fraction(0)) for side in sides]
    if total is None or not all(sizes):
        return []
    ratios = [
        sum((Fraction(pair.numerator or 0) for pair in side), Fraction(0)) / size
        for side, size in zip(sides, sizes, strict=True)
    ]
    shares = [
        share
        for name, pairs in segments.items()
        for share in _rate_shares(name, pairs, (sizes[0], sizes[1]), (ratios[0] + ratios[1]) / 2)
    ]
    return _with_rest(sorted(shares, key=_size), total)


def marked(shares: Iterable[Share], doubts: Mapping[str, str]) -> list[Share]:
    """The shares with what data quality says about an input or segment of that name."""
    return [replace(share, suspect=doubts.get(share.name, share.suspect)) for share in shares]


Worth = Callable[[frozenset[Name | Previous]], Fraction | None]


def _coalitions(node: Node, moved: Sequence[Name | Previous], before: Known, after: Known) -> Worth:
    """The value when these inputs are as after and all others as before."""

    def worth(gone: frozenset[Name | Previous]) -> Fraction | None:
        def lookup(name: Name | Previous) -> Fraction | None:
            value = (after if name in gone else before).get(name)
            return None if value is None else Fraction(value)

        return reckon(node, lookup)

    return worth


def _shapley(worth: Worth, players: Sequence[Name | Previous]) -> dict[Name | Previous, Fraction] | None:
    """None if the worth of any coalition is unknown."""
    known: dict[frozenset[Name | Previous], Fraction] = {}
    for size in range(len(players) + 1):
        for coalition in map(frozenset, combinations(players, size)):
            value = worth(coalition)
            if value is None:
                return None
            known[coalition] = value
    orders = factorial(len(players))
    effects = dict.fromkeys(players, Fraction(0))
    for coalition, value in known.items():
        for player in coalition:
            others = coalition - {player}
            weight = factorial(len(others)) * factorial(len(players) - len(coalition))
            effects[player] += Fraction(weight, orders) * (value - known[others])
    return effects


def _rate_shares(
    name: str, pairs: tuple[Pair, Pair], sizes: tuple[Fraction, Fraction], middle: Fraction
) -> list[Share]:
    weights = [Fraction(pair.denominator or 0) / size for pair, size in zip(pairs, sizes, strict=True)]
    parts = [Fraction(pair.numerator or 0) / size for pair, size in zip(pairs, sizes, strict=True)]
    ratios = [part / weight if weight else None for part, weight in zip(parts, weights, strict=True)]
    before, after = (as_decimal(ratio) for ratio in ratios)
    grown = weights[1] - weights[0]
    if any(part and not weight for part, weight in zip(parts, weights, strict=True)):
        return [Share(name, "whole", before, after, _rounded(parts[1] - parts[0] - grown * middle))]
    known = [ratio for ratio in ratios if ratio is not None]
    if not known:
        return []
    mix = grown * ((known[0] + known[-1]) / 2 - middle)
    rate = (weights[0] + weights[1]) / 2 * (known[-1] - known[0])
    return [Share(name, "mix", before, after, _rounded(mix)), Share(name, "rate", before, after, _rounded(rate))]


def _difference(change: Change) -> Decimal | None:
    before, after = change
    return None if before is None or after is None else after - before


def _rounded(value: Fraction) -> Decimal:
    exact = as_decimal(value) or Decimal(0)
    return exact.quantize(PLACES, ROUND_HALF_EVEN).normalize() + 0


def _with_rest(shares: list[Share], total: Decimal) -> list[Share]:
    left = total - sum((share.share for share in shares), Decimal(0))
    return [*shares, _rest(left)] if left else shares


def _rest(share: Decimal) -> Share:
    return Share(REST, "rest", None, None, share)


def _size(share: Share) -> Decimal:
    return -abs(share.share)


def _label(name: Name | Previous) -> str:
    return f"previous({name.id})" if isinstance(name, Previous) else name.id
