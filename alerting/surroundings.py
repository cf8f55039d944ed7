"""What alerting needs from outside: numbers, a clock, where its log goes, whose turn it is.

Does not make any of it: see `northstream.parts.alerting`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerting.numbers import Numbers
from alerting.retries import RetryPolicy
from alerting.takeover import Predecessors
from schemas.alert_controls import AlertControls
from schemas.calendar import Calendar


def _always() -> bool:
    return True


def _nothing() -> None:
    return None


def _no_watch(_now_ms: int) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything here may raise `ReadingUnavailable`, but for the clock (Unix ms), the findings and the end of turns.

    `log_sink` appends rows of `alert_log`; if it raises, they are offered again, unchanged. `pending`: whether
    hand-offs are under way. `calendar`: when a day of the workspace begins. `controls`: what people ask for; None:
    nobody can. `findings`: what is wrong with the files of rules, one sentence each. `watch_seconds`: the age of the
    self-watch at a time; None: there is none. `turns`: whether this alerter is the one that judges; `end_turn`: it is
    not any more. `predecessors`: what others did before it; None: there are no others.
    """

    numbers: Numbers
    log_sink: Callable[[Sequence[Mapping[str, Any]]], None]
    pending: Callable[[], bool]
    clock: Callable[[], int]
    public_url: str
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    calendar: Calendar = field(default_factory=Calendar)
    controls: AlertControls | None = None
    findings: Callable[[], Sequence[str]] = tuple
    watch_seconds: Callable[[int], float | None] = _no_watch
    turns: Callable[[], bool] = _always
    end_turn: Callable[[], None] = _nothing
    predecessors: Predecessors | None = None
