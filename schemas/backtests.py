"""What an alert rule would have done over past days: the answer of a backtest, and who can be asked for one.

Does not judge the past: see `alerting.backtest` and `northstream.alert_backtest`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Step = Literal["hour", "day", "week", "month", "silence"]
"""When the past is looked at: at the end of every hour, of every bucket, or (absence) when a silence begins or ends."""

Limit = Literal["known_now", "whole_buckets", "hours", "occurred", "nothing_waits", "short_history"]
"""What a backtest cannot know.

`known_now`: late events, united people and corrections of later days are in the values. `whole_buckets`: values while a
bucket was running are not known, its end stands for it. `hours`: within an hour nothing is known. `occurred`: silences
are between the times of events, not of their receipt. `nothing_waits`: nobody knows when data was bad, so no rule waits
for it. `short_history`: fewer buckets than the rule compares with.
"""

LONGEST_DAYS = 400
USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class PastIncident:
    """`ended_ms` None: still open at the end of the period. `value`: what the start was about.

    `peak`: the worst number that the threshold was held against, in the condition's own unit.
    """

    started_ms: int
    ended_ms: int | None
    value: float | None
    peak: float | None
    is_flap: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The loosest threshold that the period would have answered with so few incidents, found with the same machine.

    `threshold`: of an absence its seconds. `condition`: the whole condition as people read it.
    """

    threshold: float
    condition: str
    incidents: int
    share_firing: float


@dataclass(frozen=True, slots=True)
class Mark:
    """What a look found: the number that the threshold is held against; None without data. It holds to the next one."""

    at_ms: int
    compared: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """`from_ms` to `to_ms` was judged, in `steps`. Durations in seconds, of incidents that are open up to the end.

    `flaps`: incidents that began soon after the one before ended, or were over at once. `most_in_30_days`: incidents
    in the worst 30 days, held against `noise_budget`.
    """

    rule: str
    subject: str
    condition: str
    threshold: float
    bucket: str
    severity: str
    timezone: str
    from_ms: int
    to_ms: int
    steps: Step
    limits: tuple[Limit, ...]
    incidents: tuple[PastIncident, ...]
    flaps: int
    seconds_firing: float
    median_seconds: float | None
    share_firing: float
    buckets: int
    buckets_without_data: int
    most_in_30_days: int
    noise_budget: int
    suggestions: tuple[Suggestion, ...]
    series: Sequence[Mark]

    @property
    def incidents_per_week(self) -> float:
        weeks = (self.to_ms - self.from_ms) / (7 * 86_400_000)
        return len(self.incidents) / weeks if weeks > 0 else 0.0

    @property
    def is_over_budget(self) -> bool:
        return self.most_in_30_days > self.noise_budget


class NoBacktest(LookupError):
    """The rule is ambiguous, the condition is none, or its subject has no past; the message says so.

    `is_unknown`: there is no such rule.
    """

    def __init__(self, message: str, is_unknown: bool = False) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown


class Backtests(Protocol):
    """Safe to use from several threads."""

    def run(self, rule: str, days: int, condition: str = "") -> Backtest:
        """Judge the last `days` (1 to `LONGEST_DAYS`) by a rule, named `group/alert` or, if unique, by its alert.

        `condition`: tried instead of the rule's own (`> 30`; of an absence a duration such as `3h`). Synchronous; may
        take seconds. Raises `NoBacktest`, `schemas.reading.ReadingUnavailable`.
        """
        ...
