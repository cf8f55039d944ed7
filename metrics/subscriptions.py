"""Monthly recurring revenue from the events: computes the kinds Balance and Concentration, customers and their cohorts.

Does not know what a movement is: see `metrics.balance`, nor which events say so: see `metrics.subscription_events`.
"""

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from metrics.asking import WHOLE, Answer, Ask, Bucket, Query
from metrics.balance import ZERO, Movement, Movements, SpanBalance, find_movements
from metrics.balance_parts import Payments, behind, concentration_pairs, pair_of, span_of
from metrics.customers import averages, cohort_rows
from metrics.periods import DAY, bucket_end, bucket_start, buckets_of
from metrics.subscription_events import SubscriptionEvents
from schemas.computes import Balance, Compute, Concentration
from schemas.measuring import CohortQuestion, CohortTable, Grain, Member, Segment


class Attributes(Protocol):
    """What is known of accounts."""

    def names(self) -> Sequence[str]:
        """Of the dimensions that there are."""
        ...

    def __call__(self, dimension: str) -> Mapping[str, str | None]:
        """The value of a dimension by account; raises `schemas.measuring.UnknownDimension`."""
        ...


_KEPT = 64
_NONE = Movements([])


@dataclass(frozen=True, slots=True)
class Ledger:
    """All movements and payments of one moment, and what was made of them since; replaced whole."""

    movements: Movements
    payments: Payments
    balances: dict[tuple[Bucket, ...], Mapping[str | None, Sequence[SpanBalance]]] = field(default_factory=dict)


class BalanceComputer:
    """Implements `metrics.asking.Computer` for Balance and Concentration; safe to call from several threads.

    `attributes` says by which accounts can be split and filtered.
    """

    def __init__(self, query: Query, timezone: str, attributes: Attributes) -> None:
        self._events = SubscriptionEvents(query, timezone)
        self._attributes = attributes
        self._reading = threading.Lock()
        self._mark: Hashable = None
        self._ledger = Ledger(Movements([]), {})

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        """Raises UnknownDimension."""
        ledger = self.ledger()
        match compute:
            case Balance():
                return self._parts(ledger, compute, ask)
            case Concentration(percent=percent):
                segments = self._segments(ledger, ask.filters, ask.split)
                return {key: concentration_pairs(one, ask.buckets, percent) for key, one in segments.items()}
            case _:
                raise TypeError(f"subscriptions do not compute {type(compute).__name__}")

    def members(self, compute: Compute, ask: Ask, limit: int, offset: int = 0) -> list[Member]:
        """The accounts behind the first bucket, the largest contribution first, then by what they pay now.

        Raises UnknownDimension.
        """
        if not isinstance(compute, Balance | Concentration):
            raise TypeError(f"subscriptions do not compute {type(compute).__name__}")
        ledger = self.ledger()
        movements = self._segments(ledger, ask.filters, "").get(WHOLE, _NONE)
        span = span_of(ask.buckets[0], compute.months if isinstance(compute, Balance) else 0)
        found = behind(compute, movements, span, ledger.payments)
        paying = movements.standing(date.max)
        ranked = sorted(found.items(), key=lambda one: (-one[1], -paying.get(one[0], ZERO), one[0]))
        page = [one for one in ranked if one[1]][offset : offset + limit]
        known = {name: self._attributes(name) for name in self._attributes.names() if name != "account"} if page else {}
        return [
            Member(
                account,
                value,
                {"mrr": float(paying.get(account, ZERO))}
                | {name: values.get(account) for name, values in known.items()},
            )
            for account, value in page
        ]

    def cohorts(self, question: CohortQuestion, today: date) -> CohortTable:
        """Customers by the period of their first paid subscription; cells go up to `periods` periods later.

        Raises UnknownDimension.
        """
        movements = self._segments(self.ledger(), question.filters, "").get(WHOLE, _NONE)
        ages = question.periods + 1
        cohorts = len(buckets_of(question.first, question.last, question.period, date.min))
        periods = _following(question.first, question.period, cohorts + ages - 1)
        rows = cohort_rows(movements.history, periods, cohorts, ages, today, question.mode == "on_or_after")
        return CohortTable(question.period, question.mode, rows, averages(rows, ages))

    def standing(self, day: date) -> Mapping[str, Decimal]:
        """What each customer pays a month at the end of a day."""
        return self.ledger().movements.standing(day)

    def current_mrr(self, account: str) -> Decimal:
        """What an account pays a month by all that is known; 0 for one that is no customer."""
        return self.standing(date.max).get(account, ZERO)

    def left(self, first: date, last: date) -> Mapping[str, date]:
        """Accounts that churned on these days and pay nothing at their end, with the day of their last leaving."""
        movements = self.ledger().movements
        churned = {one.account: one.day for one in movements.between(first, last) if one.kind == "churn"}
        still = movements.balances([Bucket(first, last)])[0].left
        return {account: day for account, day in churned.items() if account in still}

    def ledger(self) -> Ledger:
        """As the events have it now; the same object while nothing has changed."""
        with self._reading:
            mark = self._events.mark()
            if mark != self._mark:
                books = self._events.read()
                self._ledger = Ledger(Movements(find_movements(books.changes)), books.payments)
                self._mark = mark
            return self._ledger

    def _parts(self, ledger: Ledger, compute: Balance, ask: Ask) -> Answer:
        spans = [span_of(bucket, compute.months) for bucket in ask.buckets]
        return {
            segment: {
                bucket.first: pair_of(compute, balance, span, ledger.payments)
                for bucket, span, balance in zip(ask.buckets, spans, balances, strict=True)
            }
            for segment, balances in self._balances(ledger, ask, spans).items()
        }

    def _balances(
        self, ledger: Ledger, ask: Ask, spans: Sequence[Bucket]
    ) -> Mapping[str | None, Sequence[SpanBalance]]:
        """All parts at once: boards ask for one after the other. What attributes decide is not kept: they change."""
        segments = self._segments(ledger, ask.filters, ask.split)
        if ask.filters or ask.split:
            return {segment: movements.balances(spans) for segment, movements in segments.items()}
        if (found := ledger.balances.get(tuple(spans))) is None:
            found = {WHOLE: ledger.movements.balances(spans)}
            if len(ledger.balances) >= _KEPT:
                ledger.balances.clear()
            ledger.balances[tuple(spans)] = found
        return found

    def _segments(self, ledger: Ledger, filters: Sequence[Segment], split: str) -> Mapping[str | None, Movements]:
        """The movements of the accounts that all filters let through, by the account's value of the split."""
        if not filters and not split:
            return {WHOLE: ledger.movements}
        dimensions = {one.dimension for one in filters} | ({split} if split else set())
        values = {dimension: self._attributes(dimension) for dimension in dimensions}
        parts: dict[str | None, list[Movement]] = {}
        for movement in ledger.movements.history:
            account = movement.account
            if all(values[one.dimension].get(account) == one.value for one in filters):
                parts.setdefault(values[split].get(account) if split else WHOLE, []).append(movement)
        return {segment: Movements(history) for segment, history in parts.items()}


def _following(first: date, grain: Grain, count: int) -> list[Bucket]:
    """So many whole periods, from that of a day on."""
    periods: list[Bucket] = []
    start = bucket_start(first, grain)
    while len(periods) < count:
        periods.append(Bucket(start, bucket_end(start, grain)))
        start = periods[-1].last + DAY
    return periods
