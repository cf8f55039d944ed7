"""Monthly recurring revenue as a balance: what accounts pay a month, how it moves, how every bucket closes.

Pure, and reads nothing: `metrics.subscriptions` brings the events. One account has one subscription.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import accumulate
from typing import Literal, NamedTuple

from metrics.asking import Bucket

SCALE = Decimal("1E-15")
"""What an account pays a month is rounded to this once, when an event says it. All else is adding and taking away of
such numbers, which is exact, so every bucket closes, whatever the rounding was; and twelve twelfths of 100 are 100 to
every digit that a reader of JSON has (ADR 0921)."""

LIMIT = Decimal("1E+11")
"""No account pays so much a month. It bounds the digits: sums up to 10¹³ stay exact."""

ZERO = Decimal(0)

MONTHS = {"month": 1, "year": 12}
"""Months that one `amount` pays for, by the event's `interval`."""

Kind = Literal["new", "reactivation", "expansion", "contraction", "churn"]


class Change(NamedTuple):
    """What an account pays a month from now on, as one event says.

    `at_ms` is when it happened (Unix milliseconds), `day` the workspace's day of that.
    """

    account: str
    day: date
    at_ms: int
    message_id: str
    monthly: Decimal
    cause: str = ""


class Movement(NamedTuple):
    """One change that changed something: from `before` to `after` a month."""

    account: str
    day: date
    kind: Kind
    before: Decimal
    after: Decimal
    cause: str = ""


@dataclass(slots=True)
class SpanBalance:
    """A span of days. Movements are counted event by event, as amounts of 0 or more; customers by its two ends only,
    but for `customers_acquired`, who paid for the first time ever.

    So an account that comes and leaves within the span moves money, but is neither `customers_new` nor
    `customers_lost`, and one that leaves and comes back was never lost: (end − new) ÷ start = 1 − lost ÷ start.
    `retained`: what those who paid at the start pay at the end. `left`: those who churned and pay nothing at the end.
    """

    start: Decimal
    customers_start: int
    end: Decimal
    retained: Decimal
    customers_end: int
    new: Decimal = ZERO
    reactivation: Decimal = ZERO
    expansion: Decimal = ZERO
    contraction: Decimal = ZERO
    churn: Decimal = ZERO
    customers_new: int = 0
    customers_lost: int = 0
    customers_acquired: int = 0
    expansion_by_cause: dict[str, Decimal] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


def monthly_amount(mrr: Decimal | None, amount: Decimal | None, interval: str) -> Decimal | None:
    """What an event says that its account pays a month: `mrr`, else `amount` over the months that it pays for.

    None if it says nothing that can be meant: neither is there, it is negative or too large, the interval is unknown.
    """
    if mrr is not None:
        said, months = mrr, 1
    elif amount is not None and interval in MONTHS:
        said, months = amount, MONTHS[interval]
    else:
        return None
    if not said.is_finite() or not 0 <= said < LIMIT:
        return None
    return (said / months).quantize(SCALE, ROUND_HALF_EVEN)


def find_movements(changes: Iterable[Change]) -> list[Movement]:
    """The movements in order of time; of changes at one instant the message id decides."""
    paying: dict[str, Decimal] = {}
    movements = []
    for change in sorted(changes, key=lambda change: (change.at_ms, change.message_id)):
        before = paying.get(change.account)
        after = change.monthly
        # An account that has never paid is not known yet: what it pays first is new, even after an amount of 0.
        if (before is None and not after) or before == after:
            continue
        paying[change.account] = after
        kind = _kind(before, after)
        cause = change.cause if kind == "expansion" else ""
        movements.append(Movement(change.account, change.day, kind, before or ZERO, after, cause))
    return movements


class Movements:
    """A history of movements, asked for spans of days. It must be ordered by day; reading it changes nothing."""

    def __init__(self, history: Sequence[Movement]) -> None:
        self.history = history
        self._days = [movement.day for movement in history]
        deltas = (movement.after - movement.before for movement in history)
        joined = (bool(movement.after) - bool(movement.before) for movement in history)
        self._amounts = list(accumulate(deltas, initial=ZERO))
        self._customers = list(accumulate(joined, initial=0))

    def balances(self, spans: Sequence[Bucket]) -> list[SpanBalance]:
        """One balance for each span, in their order; spans may overlap."""
        found: dict[Bucket, SpanBalance] = {}
        for first in {span.first for span in spans}:
            lasts = sorted({span.last for span in spans if span.first == first})
            found |= zip((Bucket(first, last) for last in lasts), self._from(first, lasts), strict=True)
        return [found[span] for span in spans]

    def between(self, first: date, last: date) -> Sequence[Movement]:
        """The movements of these days, both included."""
        return self.history[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def standing(self, day: date) -> dict[str, Decimal]:
        """What each customer pays a month at the end of a day."""
        paying = {movement.account: movement.after for movement in self.history[: bisect_right(self._days, day)]}
        return {account: amount for account, amount in paying.items() if amount}

    def _from(self, first: date, lasts: Sequence[date]) -> Iterator[SpanBalance]:
        """Balances that begin together, by ascending last day: each goes on from the one before."""
        at = bisect_left(self._days, first)
        running = _Running(self._amounts[at], self._customers[at])
        for last in lasts:
            until = max(at, bisect_right(self._days, last))
            for movement in self.history[at:until]:
                running.add(movement)
            at = until
            yield running.balance()


class _Running:
    """A balance that movements are added to, one by one."""

    def __init__(self, start: Decimal, customers: int) -> None:
        self._balance = SpanBalance(start, customers, start, start, customers)
        self._at_start: dict[str, Decimal] = {}
        self._left: set[str] = set()

    def add(self, movement: Movement) -> None:
        balance, delta = self._balance, movement.after - movement.before
        at_start = self._at_start.setdefault(movement.account, movement.before)
        balance.end += delta
        balance.retained += delta if at_start else ZERO
        setattr(balance, movement.kind, getattr(balance, movement.kind) + abs(delta))
        if movement.kind == "expansion":
            causes = balance.expansion_by_cause
            causes[movement.cause] = causes.get(movement.cause, ZERO) + delta
        if not movement.before or not movement.after:
            self._cross(movement, bool(at_start))

    def balance(self) -> SpanBalance:
        """As of now; later movements do not change it."""
        causes = dict(self._balance.expansion_by_cause)
        return replace(self._balance, expansion_by_cause=causes, left=frozenset(self._left))

    def _cross(self, movement: Movement, was_customer: bool) -> None:
        """Somebody becomes a customer or ceases to be one."""
        balance, joins = self._balance, 1 if movement.after else -1
        balance.customers_acquired += movement.kind == "new"
        balance.customers_end += joins
        if was_customer:
            balance.customers_lost -= joins
        else:
            balance.customers_new += joins
        if movement.after:
            self._left.discard(movement.account)
        else:
            self._left.add(movement.account)


def _kind(before: Decimal | None, after: Decimal) -> Kind:
    if before is None:
        return "new"
    if not before:
        return "reactivation"
    if not after:
        return "churn"
    return "expansion" if after > before else "contraction"
