"""Customers at risk: idle, using half as much as before, or detractors, each with why.

Who is a customer is handed in. Does not judge what to do about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from metrics.asked_rows import Asked
from metrics.asking import Query
from metrics.sources import number_of
from schemas.calendar import day_date, day_number
from schemas.computes import AtRisk, Condition, EventSet

USAGE_DAYS = 30
"""What was done in so many days is held against the same number of days before them."""

DETRACTOR = 6
"""The highest score of a detractor."""

_NPS = EventSet(events=("Survey Answered",), where=(Condition("kind", "=", ("nps",)),))


@dataclass(frozen=True, slots=True)
class Risk:
    """`reasons`: of `idle`, `halved`, `detractor`. `before`, `after`: messages in the two stretches of days."""

    account: str
    key: int
    reasons: tuple[str, ...]
    last_active: date | None
    before: int
    after: int
    score: int | None

    def shown(self) -> dict[str, Any]:
        """What a list tells of it."""
        return {
            "reasons": list(self.reasons),
            "last_active": self.last_active.isoformat() if self.last_active else None,
            "messages": self.after,
            "messages_before": self.before,
            "score": self.score,
        }


def risks(query: Query, compute: AtRisk, asked: Asked, customers: Sequence[str]) -> list[Risk]:
    """Of the customers those at risk at the end of the question's last day, by account.

    `halved`: at most half as many active messages in 30 days as in the 30 before. A detractor's latest answer counts.
    """
    usage = {row[0]: row[1:] for row in query.rows(_usage(asked), asked.parameters.values)}
    scores = {row[0]: int(row[1]) for row in query.rows(_scores(asked), asked.parameters.values)}
    found = [_risk(account, compute, asked.last, usage, scores) for account in sorted(set(customers))]
    return [risk for risk in found if risk.reasons]


def _usage(asked: Asked) -> str:
    last = day_number(asked.last)
    rows = asked.plain(EventSet(active=True), "account", None, asked.last)
    return f"""
    SELECT any(name), subject, max(day), toInt64(countIf(day > {last - USAGE_DAYS})),
        toInt64(countIf(day > {last - 2 * USAGE_DAYS} AND day <= {last - USAGE_DAYS}))
    FROM {rows} GROUP BY subject"""


def _scores(asked: Asked) -> str:
    score = f", {number_of('score', asked.parameters)} AS score"
    rows = asked.plain(_NPS, "account", None, asked.last, score)
    return f"""
    SELECT any(name), toInt64(argMax(score, (at, message))) FROM {rows} WHERE score IS NOT NULL GROUP BY subject"""


def _risk(
    account: str, compute: AtRisk, last: date, usage: Mapping[str, Sequence[Any]], scores: Mapping[str, int]
) -> Risk:
    key, day, after, before = usage.get(account, (0, None, 0, 0))
    score = scores.get(account)
    active = None if day is None else day_date(day)
    reasons = {
        "idle": active is None or active <= last - timedelta(days=compute.idle_days),
        "halved": before > 0 and after * 2 <= before,
        "detractor": score is not None and score <= DETRACTOR,
    }
    return Risk(account, key, tuple(name for name, holds in reasons.items() if holds), active, before, after, score)
