"""What alerting needs from outside: numbers, a clock, where its log goes, whose turn it is.

Does not make any of it: see `northstream.parts.alerting`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerting.numbers import Numbers
from alerting.retries import RetryPolicy


def _always() -> bool:
    return True


def _no_watch(_now_ms: int) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything here may raise `ReadingUnavailable`, but for the clock (Unix ms) and the findings.

    `log_sink` appends rows of `alert_log`; if it raises, they are offered again, unchanged. `pending`: whether
    hand-offs are under way. `findings`: what is wrong with the files of rules, one sentence each. `watch_seconds`: the
    age of the self-watch at a time; None: there is none. `turns`: whether this alerter is the one that judges.
    """

    numbers: Numbers
    log_sink: Callable[[Sequence[Mapping[str, Any]]], None]
    pending: Callable[[], bool]
    clock: Callable[[], int]
    public_url: str
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    findings: Callable[[], Sequence[str]] = tuple
    watch_seconds: Callable[[int], float | None] = _no_watch
    turns: Callable[[], bool] = _always
