"""The parts of a balance that metrics name: the span that they are of, their numbers, and the accounts behind them.

Pure; what a balance is stands in `metrics.balance`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from metrics.asking import Bucket, Pair
from metrics.balance import ZERO, Movements, SpanBalance
from metrics.customers import concentrations, top_count
from schemas.computes import Balance, Concentration

ONE = Decimal(1)
_DAY = timedelta(days=1)


class Payment(NamedTuple):
    """What an account paid once; refunds are negative."""

    day: date
    amount: Decimal


Payments = Mapping[str, Sequence[Payment]]
"""Of each account, in the order of time."""


def span_of(bucket: Bucket, months: int) -> Bucket:
    """The bucket itself or, with `months`, so many calendar months that end with its last day."""
    if not months:
        return bucket
    index = bucket.last.year * 12 + bucket.last.month - months
    return Bucket(date(index // 12, index % 12 + 1, 1), bucket.last)


def pair_of(compute: Balance, balance: SpanBalance, span: Bucket, payments: Payments) -> Pair:
    """The number of a part; money and customers alike as Decimal."""
    if compute.part == "realised_value":
        paid = (paid_until(payments.get(account, ()), span.last) for account in balance.left)
        return Pair(sum(paid, ZERO), Decimal(len(balance.left)))
    if compute.part == "expansion" and compute.cause:
        return Pair(balance.expansion_by_cause.get(compute.cause, ZERO))
    return Pair(Decimal(getattr(balance, compute.part)))


def concentration_pairs(movements: Movements, buckets: Iterable[Bucket], percent: float) -> dict[date, Pair]:
    """By the bucket's first day what the top customers pay at its end, over what all pay."""
    ordered = sorted(buckets, key=lambda bucket: bucket.last)
    found = concentrations(movements.history, ordered, Decimal(repr(percent)))
    return {bucket.first: Pair(top, total) for bucket, (top, total) in zip(ordered, found, strict=True)}


def behind(
    compute: Balance | Concentration, movements: Movements, span: Bucket, payments: Payments
) -> dict[str, Decimal]:
    """What each account contributes to a part over a span; those add up to its number (to the numerator of a mean)."""
    at_end = movements.standing(span.last)
    if isinstance(compute, Concentration):
        ranked = sorted(at_end.items(), key=lambda one: (-one[1], one[0]))
        return dict(ranked[: top_count(len(ranked), Decimal(repr(compute.percent)))])
    at_start = movements.standing(span.first - _DAY)
    match compute.part:
        case "start":
            return at_start
        case "end":
            return at_end
        case "retained":
            return {account: at_end.get(account, ZERO) for account in at_start}
        case "customers_start":
            return dict.fromkeys(at_start, ONE)
        case "customers_end":
            return dict.fromkeys(at_end, ONE)
        case "customers_acquired":
            return {one.account: ONE for one in movements.between(span.first, span.last) if one.kind == "new"}
        case "customers_new":
            return {account: ONE for account in at_end if account not in at_start}
        case "customers_lost":
            return {account: ONE for account in at_start if account not in at_end}
        case "realised_value":
            left = movements.balances([span])[0].left
            return {account: paid_until(payments.get(account, ()), span.last) for account in left}
        case kind:
            return _moved(movements, span, kind, compute.cause)


def _moved(movements: Movements, span: Bucket, kind: str, cause: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for movement in movements.between(span.first, span.last):
        if movement.kind == kind and cause in ("", movement.cause):
            size = abs(movement.after - movement.before)
            found[movement.account] = found.get(movement.account, ZERO) + size
    return found


def paid_until(payments: Iterable[Payment], day: date) -> Decimal:
    """What an account had paid by the end of a day."""
    return sum((payment.amount for payment in payments if payment.day <= day), ZERO)
