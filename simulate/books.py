"""What no event knows: the company's books, day by day, as facts (spend, cash, costs, margin, advertising).

Does not send them: see `simulate.facts`. The same seed and history give the same books.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from simulate.envelope import Day
from simulate.habits import FEATURES
from simulate.market import share_of_visits
from simulate.people import Account


class BookedFact(NamedTuple):
    """One external fact; `day` is an ISO date, `value` in the workspace currency or a number of things."""

    fact: str
    day: str
    value: float
    category: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Advertising:
    """A channel that is paid for: what a visit costs, how many see an advertisement for one who clicks."""

    visit_cost: float
    impressions_per_click: float = 0.0


ADVERTISING = {
    "paid_search": Advertising(3.4, 42.0),
    "social": Advertising(2.8, 95.0),
    "partner": Advertising(5.5, 60.0),
    "referral": Advertising(1.6),
    "email": Advertising(0.9),
    "organic": Advertising(0.5),
}
_STRUCTURE = {"sales": 5_000.0, "product": 30_000.0, "support": 5_500.0, "admin": 7_500.0}
"""Monthly costs at the end of the history; at its beginning they are `_FIRST_SHARE` of it."""

_FIRST_SHARE = 0.72
_COST_SHARE = {"starter": 0.36, "team": 0.27, "business": 0.22}
_MONTH_DAYS = 30.4
_FIRST_CASH = 1_150_000.0
_FEATURE_COST = 260.0
_FIRST_STAFF = 11
_HIRED_EVERY_DAYS = 61
_LEAVER_EVERY_DAYS = 117


class Books:
    """Closed once a day, in order; `closed` days so far. Between days it remembers the cash and the staff."""

    def __init__(self, seed: int, days: int) -> None:
        self._seed = seed
        self._days = max(1, days)
        self._cash = _FIRST_CASH
        self._staff = _FIRST_STAFF
        self._revenue = self._costs = 0.0
        self.closed = 0
        self.facts: list[BookedFact] = []

    def close(self, day: Day, visitors: float, accounts: Sequence[Account]) -> None:
        """Book a day on which about `visitors` came, with the accounts as they are in the evening."""
        self.closed += 1
        random = Random(f"{self._seed}/books/{day.number}")
        name = datetime.fromtimestamp(day.start_ms / 1000, UTC).date().isoformat()
        paying = [account for account in accounts if account.mrr > 0]
        found = [
            *_advertising(random, visitors),
            *self._structure(day.number),
            *_plans(random, paying),
            BookedFact("seats", "", float(sum(max(2, len(account.members)) for account in paying))),
        ]
        found += [*self._cash_of(random, found), *self._monthly(day.number), *_features(random)]
        self.facts += [fact._replace(day=name, value=round(fact.value, 2)) for fact in found]

    def _structure(self, number: int) -> Iterator[BookedFact]:
        grown = _FIRST_SHARE + (1 - _FIRST_SHARE) * number / self._days
        for category, monthly in _STRUCTURE.items():
            yield BookedFact("spend", "", monthly * grown / _MONTH_DAYS, category)

    def _cash_of(self, random: Random, found: Sequence[BookedFact]) -> Iterator[BookedFact]:
        """Customers pay a little late, bills are paid a little late, and what is left is in the bank."""
        self._revenue = _sum_of(found, "revenue")
        self._costs = _sum_of(found, "cogs")
        cash_in = self._revenue * random.uniform(0.85, 1.1)
        cash_out = (self._costs + _sum_of(found, "spend")) * random.uniform(0.95, 1.04)
        self._cash += cash_in - cash_out
        yield BookedFact("cash_in", "", cash_in)
        yield BookedFact("cash_out", "", cash_out)
        yield BookedFact("cash", "", self._cash)

    def _monthly(self, number: int) -> Iterator[BookedFact]:
        """Staff and what is still to be paid: levels that hold until the next ones, noted once a week."""
        if number and number % _HIRED_EVERY_DAYS == 0:
            self._staff += 1
        leaves = number > 0 and number % _LEAVER_EVERY_DAYS == 0
        self._staff -= leaves
        if leaves or number % 7 == 0:
            yield BookedFact("departures", "", int(leaves))
        if number % 7 == 0:
            yield BookedFact("headcount", "", self._staff)
            yield BookedFact("receivables", "", self._revenue * _MONTH_DAYS * 0.8)
            yield BookedFact("payables", "", self._costs * _MONTH_DAYS * 0.45)
            yield BookedFact("inventory", "", 0.0)


def _advertising(random: Random, visitors: float) -> Iterator[BookedFact]:
    """Spend by channel and, where an advertisement was bought, how often it was shown and clicked."""
    for channel, bought in ADVERTISING.items():
        visits = visitors * share_of_visits(channel) * random.uniform(0.9, 1.1)
        yield BookedFact("spend", "", visits * bought.visit_cost, "marketing", channel)
        if bought.impressions_per_click:
            impressions = visits * bought.impressions_per_click * random.uniform(0.85, 1.2)
            yield BookedFact("impressions", "", round(impressions), channel=channel)
            yield BookedFact("reach", "", round(impressions * random.uniform(0.35, 0.45)), channel=channel)
            yield BookedFact("clicks", "", round(visits * random.uniform(1.0, 1.15)), channel=channel)


def _plans(random: Random, paying: Sequence[Account]) -> Iterator[BookedFact]:
    """Revenue earned on the day by plan, and what serving it cost."""
    earned: dict[str, float] = defaultdict(float)
    for account in paying:
        earned[account.plan] += account.mrr / _MONTH_DAYS
    for plan in sorted(earned):
        yield BookedFact("revenue", "", earned[plan], plan)
        yield BookedFact("cogs", "", earned[plan] * _COST_SHARE[plan] * random.uniform(0.93, 1.07), plan)


def _features(random: Random) -> Iterator[BookedFact]:
    """The day's share of what running and mending each feature costs."""
    for position, feature in enumerate(FEATURES):
        yield BookedFact("feature_cost", "", _FEATURE_COST * (1 + position / 4) / _MONTH_DAYS, feature)


def _sum_of(facts: Sequence[BookedFact], name: str) -> float:
    return sum(fact.value for fact in facts if fact.fact == name)
