"""What must be known of each kind to keep its points fresh: how days make up a longer range, what no data means.

Does not compute.
"""

from decimal import Decimal
from typing import Literal

from metrics.asking import Pair
from schemas.computes import (
    Actives,
    AtRisk,
    Balance,
    Compute,
    Concentration,
    Conversion,
    Count,
    Counter,
    Distinct,
    Fact,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sql,
    Sum,
    TimeBetween,
    UsageInterval,
)

Rollup = Literal["sum", "last", "first", "whole"]
"""How a range comes from its days: their sum, the last or the first of them; `whole`: it must be asked by itself."""

NOTHING = Pair(None)
ZERO = Pair(Decimal(0))
OVER_NOTHING = Pair(Decimal(0), Decimal(0))

_DEAR_DAYS = 35
"""Of a kind that costs a query a day."""

_BORDERS = ("start", "customers_start")
_LEVELS = ("end", "customers_end")
_FLOWS = ("new", "reactivation", "expansion", "contraction", "churn", "customers_acquired")


def rollup_of(compute: Compute) -> Rollup:
    """Whether points of days tell any range; a range that runs counts as its days up to today."""
    match compute:
        case Counter(over=over) | Sql(over=over):
            return "sum" if over == "sum" else "last"
        case Count() | Sum() | Mean() | FunnelConversion() | Conversion() | Retention():
            return "sum"
        case Distinct(first=True) | TimeBetween(statistic="mean") | Fact(aggregate="sum"):
            return "sum"
        case Sessions(part=part):
            return "whole" if part == "per_person" else "sum"
        case Actives() | AtRisk() | Concentration() | UsageInterval() | Fact(aggregate="last"):
            return "last"
        case Balance():
            return _rollup_of_balance(compute)
        case _:
            return "whole"


def _rollup_of_balance(compute: Balance) -> Rollup:
    if compute.months or compute.part in _LEVELS:
        return "last"
    if compute.part in _BORDERS:
        return "first"
    return "sum" if compute.part in _FLOWS else "whole"


def most_days_of(compute: Compute) -> int | None:
    """How many of the latest days are worth keeping; older ones are computed when somebody asks. None: all."""
    return _DEAR_DAYS if isinstance(compute, AtRisk) else None


def nothing_of(compute: Compute) -> Pair:
    """What a bucket without any data says: counts and balances 0, rates a share of nothing, else no value."""
    match compute:
        case Counter(denominator=None) | Count() | Distinct() | Sum() | Actives() | AtRisk() | Sessions(part="count"):
            return ZERO
        case Balance(part="realised_value"):
            return OVER_NOTHING
        case Balance():
            return ZERO
        case Fact() | Sql() | UsageInterval() | Concentration() | TimeBetween(statistic="median"):
            return NOTHING
        case _:
            return OVER_NOTHING


def value_of(pair: Pair) -> Decimal | None:
    """Numerator ÷ denominator where there is one; None over nothing."""
    if pair.denominator is None or pair.numerator is None:
        return pair.numerator
    return pair.numerator / pair.denominator if pair.denominator else None


def sum_of(pairs: "list[Pair]") -> Pair:
    """Numerators and denominators added up; there is at least one pair."""
    numerators = [pair.numerator for pair in pairs if pair.numerator is not None]
    denominators = [pair.denominator for pair in pairs if pair.denominator is not None]
    return Pair(
        sum(numerators, Decimal(0)) if numerators else None,
        sum(denominators, Decimal(0)) if denominators else None,
        any(pair.is_maturing for pair in pairs),
    )
