"""What the best customers do, held against what those who left did before they left.

Does not rank the differences.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Protocol

from metrics.asked_rows import Asked
from metrics.asking import Query
from schemas.calendar import day_number
from schemas.computes import EventSet
from schemas.measuring import ActionContrast, BestAndChurned

BEST_PERCENT = 20
DAYS_LOOKED_AT = 90

_Windows = Mapping[str, tuple[date, date]]


class Customers(Protocol):
    """Who pays how much a month at the end of a day, and who left on which day, by account."""

    def standing(self, day: date) -> Mapping[str, Decimal]: ...

    def left(self, first: date, last: date) -> Mapping[str, date]: ...


def best_and_churned(query: Query, asked: Asked, customers: Customers) -> BestAndChurned:
    """Over the first bucket of the question; subscription events themselves are no actions."""
    paying, left = customers.standing(asked.last), customers.left(asked.first, asked.last)
    ranked = sorted((account for account in paying if paying[account] > 0), key=lambda one: (-paying[one], one))
    best = ranked[: ceil(len(ranked) * BEST_PERCENT / 100)]
    length = timedelta(days=DAYS_LOOKED_AT)
    of_best = dict.fromkeys(best, (asked.last - length + timedelta(days=1), asked.last))
    of_churned = {account: (day - length, day - timedelta(days=1)) for account, day in left.items()}
    did_best, did_churned = _doing(query, asked, of_best), _doing(query, asked, of_churned)
    events = sorted(did_best.keys() | did_churned.keys())
    actions = [ActionContrast(event, did_best.get(event, 0), did_churned.get(event, 0)) for event in events]
    return BestAndChurned(len(best), len(of_churned), actions)


def _doing(query: Query, asked: Asked, windows: _Windows) -> dict[str, int]:
    """By event, how many of the accounts did it within their own days."""
    if not windows:
        return {}
    first, last = min(one[0] for one in windows.values()), max(one[1] for one in windows.values())
    rows = asked.plain(EventSet(), "account", first, last, ", event")
    names, firsts, lasts = _columns(windows, asked)
    found = query.rows(
        f"""
    SELECT event, toInt64(uniqExact(rows.name)) FROM {rows} AS rows
    INNER JOIN (
        SELECT arrayJoin(arrayZip({names}, {firsts}, {lasts})) AS one, one.1 AS name, one.2 AS low, one.3 AS high
    ) AS windows ON windows.name = rows.name
    WHERE rows.day BETWEEN windows.low AND windows.high AND NOT startsWith(event, 'Subscription ')
    GROUP BY event""",
        asked.parameters.values,
    )
    return {str(row[0]): int(row[1]) for row in found}


def _columns(windows: _Windows, asked: Asked) -> Sequence[str]:
    days = [[day_number(one[n]) for one in windows.values()] for n in (0, 1)]
    bind = asked.parameters.bind
    return bind(list(windows), "Array(String)"), bind(days[0], "Array(UInt16)"), bind(days[1], "Array(UInt16)")
