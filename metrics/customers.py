"""Customers as cohorts and by size: who is still subscribed, and how much of the revenue the largest carry.

Pure, over the movements of `metrics.balance`.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

from metrics.asking import Bucket
from metrics.balance import ZERO, Movement
from schemas.measuring import CohortRow


def concentrations(
    history: Sequence[Movement], buckets: Sequence[Bucket], percent: Decimal
) -> list[tuple[Decimal, Decimal]]:
    """At the end of each bucket, in ascending order: what the top `percent` of the customers pay, and what all pay.

    Their number is rounded up: of 3 customers the top 20 % are one.
    """
    found = []
    amounts: list[Decimal] = []
    total, at = ZERO, 0
    for bucket in buckets:
        while at < len(history) and history[at].day <= bucket.last:
            total += history[at].after - history[at].before
            _replace(amounts, history[at])
            at += 1
        found.append((sum(amounts[len(amounts) - top_count(len(amounts), percent) :], ZERO), total))
    return found


def top_count(customers: int, percent: Decimal) -> int:
    """How many the top `percent` of so many customers are, rounded up."""
    return int((customers * percent / 100).to_integral_value(ROUND_CEILING))


def cohort_rows(
    history: Sequence[Movement], periods: Sequence[Bucket], cohorts: int, ages: int, today: date, ever: bool = False
) -> list[CohortRow]:
    """Customers by the period of their first paid subscription, and how many of them are subscribed later.

    `periods` are whole and follow each other without a gap, at least `cohorts` + `ages` - 1 of them; the first
    `cohorts` get a row. Cell n counts who pays at the end of the nth period after the cohort's own (at n = 0 its own),
    or today while that runs; with `ever`, at its end or that of a later period that has begun. Who left and came back
    is subscribed again.
    """
    members = _members(history, periods, cohorts)
    begun = [period for period in periods if period.first <= today]
    paying = _paying(history, begun, today)
    rows = []
    for index in range(cohorts):
        kept = [members[index] & still for still in paying[index:]]
        if ever:
            for age in range(len(kept) - 2, -1, -1):
                kept[age] |= kept[age + 1]
        cells = [len(kept[age]) if age < len(kept) else None for age in range(ages)]
        running = [period.first <= today <= period.last for period in periods[index : index + ages]]
        rows.append(CohortRow(periods[index].first, len(members[index]), cells, running))
    return rows


def averages(rows: Sequence[CohortRow], ages: int) -> list[float | None]:
    """By age the share that is still subscribed, over cohorts whose period of that age is over, weighted by size."""
    found: list[float | None] = []
    for age in range(ages):
        over = [row for row in rows if row.cells[age] is not None and not row.is_running[age]]
        size = sum(row.size for row in over)
        found.append(sum(row.cells[age] or 0 for row in over) / size if size else None)
    return found


def _replace(amounts: list[Decimal], movement: Movement) -> None:
    if movement.before:
        del amounts[bisect_left(amounts, movement.before)]
    if movement.after:
        insort(amounts, movement.after)


def _members(history: Sequence[Movement], periods: Sequence[Bucket], cohorts: int) -> list[set[str]]:
    """Accounts by the period of their first paid subscription."""
    members: list[set[str]] = [set() for _ in range(cohorts)]
    starts = [period.first for period in periods[:cohorts]]
    for movement in history:
        if movement.kind == "new" and starts[0] <= movement.day <= periods[cohorts - 1].last:
            members[bisect_right(starts, movement.day) - 1].add(movement.account)
    return members


def _paying(history: Sequence[Movement], periods: Sequence[Bucket], today: date) -> list[frozenset[str]]:
    """Who pays at the end of each period."""
    found = []
    paying: set[str] = set()
    at = 0
    for period in periods:
        while at < len(history) and history[at].day <= min(period.last, today):
            (paying.add if history[at].after else paying.discard)(history[at].account)
            at += 1
        found.append(frozenset(paying))
    return found
