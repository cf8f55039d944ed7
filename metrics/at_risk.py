"""Customers at risk: idle, using half as much as before, or detractors, each with why.

Who is a customer is handed in. Does not judge what to do about it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
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

OUTSIDE = "\0outside"
"""The segment of whom the filters leave out."""

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


@dataclass(frozen=True, slots=True)
class _Past:
    """What an account did: its active `days` in order with the messages up to and with each, and its NPS answers."""

    key: int
    days: Sequence[int] = ()
    messages: Sequence[int] = ()
    answered: Sequence[int] = ()
    scores: Sequence[int] = ()

    def until(self, day: int) -> int:
        """Messages up to and with a day."""
        place = bisect_right(self.days, day)
        return self.messages[place - 1] if place else 0

    def last_active(self, day: int) -> int | None:
        place = bisect_right(self.days, day)
        return self.days[place - 1] if place else None

    def score(self, day: int) -> int | None:
        """Of the latest answer up to and with a day."""
        place = bisect_right(self.answered, day)
        return self.scores[place - 1] if place else None


class Risks:
    """The past of some accounts, read once for any number of days up to the question's last."""

    def __init__(self, query: Query, compute: AtRisk, asked: Asked, accounts: Iterable[str]) -> None:
        """May raise ReadingUnavailable."""
        self._idle_days = compute.idle_days
        names = sorted(set(accounts))
        asked_for = asked.parameters.bind(names, "Array(String)")
        used = query.rows(_usage(asked, asked_for), asked.parameters.values) if names else []
        said = query.rows(_scores(asked, asked_for), asked.parameters.values) if names else []
        answers = {name: (days, scores) for name, _, days, scores in said}
        self._past = {
            name: _Past(key, days, list(accumulate(counts)), *answers.get(name, ()))
            for name, key, _, days, counts in used
        }
        for name, (answered, scores) in answers.items():
            self._past.setdefault(name, _Past(0, (), (), answered, scores))

    def at(self, day: date, customers: Iterable[str]) -> list[Risk]:
        """Of the customers those at risk at the end of a day, by account.

        `halved`: at most half as many active messages in 30 days as in the 30 before. A detractor's latest answer
        counts.
        """
        found = [self._risk(account, day_number(day)) for account in sorted(set(customers))]
        return [risk for risk in found if risk.reasons]

    def _risk(self, account: str, day: int) -> Risk:
        past = self._past.get(account, _NOTHING)
        last, score = past.last_active(day), past.score(day)
        middle = past.until(day - USAGE_DAYS)
        after, before = past.until(day) - middle, middle - past.until(day - 2 * USAGE_DAYS)
        reasons = {
            "idle": last is None or last <= day - self._idle_days,
            "halved": before > 0 and after * 2 <= before,
            "detractor": score is not None and score <= DETRACTOR,
        }
        active = None if last is None else day_date(last)
        return Risk(
            account, past.key, tuple(name for name, holds in reasons.items() if holds), active, before, after, score
        )


_NOTHING = _Past(0)


def _usage(asked: Asked, accounts: str) -> str:
    """(account, key, active days in order, messages on each)."""
    rows = asked.plain(EventSet(active=True), "account", None, asked.last)
    return f"""
    SELECT any(known_as), subject, arraySort(groupArray((active, messages))) AS found, found.1, found.2
    FROM (
        SELECT subject, any(name) AS known_as, toInt32(rows.day) AS active, toInt64(count()) AS messages
        FROM {rows} AS rows WHERE name IN {accounts} GROUP BY subject, active
    )
    GROUP BY subject"""


def _scores(asked: Asked, accounts: str) -> str:
    """(account, [(day, score)] in order of time)."""
    score = f", toInt64({number_of('score', asked.parameters)}) AS score"
    rows = asked.plain(_NPS, "account", None, asked.last, score)
    return f"""
    SELECT any(name), arraySort(groupArray((at, message, toInt32(day), assumeNotNull(score)))) AS said, said.3, said.4
    FROM {rows} WHERE score IS NOT NULL AND name IN {accounts} GROUP BY subject"""
