"""What a rule would have done on the past, and who can say.

Does not judge: see `alerting.backtest`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BacktestIncident:
    """An incident that would have been: the buckets in which it began and ended (None: open at the end).

    `peak`: the value furthest on the bad side of the condition.
    """

    first: date
    last: date | None
    peak: float | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another threshold, how many incidents it would have made, and why it is worth a look."""

    threshold: float
    incidents: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """`judged`: buckets with a verdict. `flaps`: incidents that began within a day of the end of the one before.

    `hours`: with an open incident. `over_budget`: more incidents than the rule's noise budget allows for so long.
    """

    rule: str
    condition: str
    first: date
    last: date
    judged: int
    incidents: tuple[BacktestIncident, ...]
    flaps: int
    hours: float
    noise_budget: int
    over_budget: bool
    suggestions: tuple[Suggestion, ...] = ()


class NoBacktest(LookupError):
    """There is no such rule, or what it looks at has no past; the message says which. `is_unknown`: no such rule."""

    def __init__(self, message: str, is_unknown: bool = False) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown


class Backtests(Protocol):
    """Safe to use from several threads; may take seconds. Both may raise `NoBacktest` or `ReadingUnavailable`."""

    def report(self, rule: str, days: int) -> BacktestReport:
        """Of the rule with this key (`group/alert`) over the days before today."""
        ...

    def picture(self, rule: str, days: int) -> str:
        """The same as SVG: the series, the threshold, the incidents. It holds no script."""
        ...
