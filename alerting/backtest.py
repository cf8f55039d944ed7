"""What a rule would have done over a past, judged by the very functions that judge the present.

Does not gather the past (`northstream.alert_backtest`). Pure: the same past gives the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

from alerting.evaluate import evaluate
from alerting.past import Look, Past, Then
from alerting.states import Message, Observation, RuleState, State, Timing, Verdict, advance
from schemas.alerts import Absence, AlertRule
from schemas.backtests import Backtest, Mark, PastIncident
from schemas.calendar import DAY_MS, HOUR_MS

BUDGET_DAYS = 30
FLAP_PAUSE_MS = DAY_MS
"""An incident that begins so soon after the end of the one before is a flap; of looks that are further apart two steps.
"""

_SHORT_MS = 2 * HOUR_MS
_NO_VALUE = (Verdict.NO_DATA, Verdict.ERROR)


class Found(NamedTuple):
    """One evaluation: which look it was at, when, and the state afterwards."""

    look: int
    at_ms: int
    seen: Observation
    state: RuleState


@dataclass(frozen=True, slots=True)
class Life:
    """A rule's way through a past. The last evaluation of a look is what the look came to."""

    found: Sequence[Found]
    incidents: tuple[PastIncident, ...]
    to_ms: int

    @property
    def firing_ms(self) -> int:
        return sum((each.ended_ms or self.to_ms) - each.started_ms for each in self.incidents)


def live_through(rule: AlertRule, past: Past) -> Life:
    """Judge a rule at every look and whenever a wait (`for`, `keep_firing_for`, absence) ends before the next one."""
    found, incidents = [], _Incidents(rule)
    for each, message in _evaluations(rule, past):
        found.append(each)
        incidents.note(each, message)
    return Life(found, incidents.all(past), past.to_ms)


def backtest(rule: AlertRule, past: Past, timezone: str = "UTC") -> Backtest:
    """What the rule would have done, without suggestions. The past must have at least one look."""
    life = live_through(rule, past)
    from_ms = past.looks[0].at_ms
    lasted = [((each.ended_ms or past.to_ms) - each.started_ms) / 1000 for each in life.incidents]
    missing, judged = _buckets(past, life)
    return Backtest(
        rule=rule.key,
        subject=str(rule.subject),
        condition=rule.condition,
        threshold=threshold_of(rule),
        bucket=rule.bucket,
        severity=rule.severity,
        timezone=timezone,
        from_ms=from_ms,
        to_ms=past.to_ms,
        steps=past.steps,
        limits=past.limits,
        incidents=life.incidents,
        flaps=sum(each.is_flap for each in life.incidents),
        seconds_firing=sum(lasted),
        median_seconds=median(lasted) if lasted else None,
        share_firing=share_firing(life, past),
        buckets=judged,
        buckets_without_data=missing,
        most_in_30_days=most_in_window([each.started_ms for each in life.incidents], BUDGET_DAYS * DAY_MS),
        noise_budget=rule.noise_budget,
        suggestions=(),
        series=[Mark(each.at_ms, each.seen.compared) for each in life.found],
    )


def threshold_of(rule: AlertRule) -> float:
    """What the number that is looked at is held against: of an absence its seconds."""
    return rule.comparison.seconds if isinstance(rule.comparison, Absence) else rule.threshold


def with_threshold(rule: AlertRule, threshold: float) -> AlertRule:
    if isinstance(rule.comparison, Absence):
        return replace(rule, comparison=Absence(threshold), threshold=threshold)
    return replace(rule, threshold=threshold)


def share_firing(life: Life, past: Past) -> float:
    """From 0 to 1 of the period."""
    whole_ms = past.to_ms - past.looks[0].at_ms
    return life.firing_ms / whole_ms if whole_ms > 0 else 0.0


def most_in_window(starts_ms: Sequence[int], window_ms: int) -> int:
    """The most starts (in ascending order) of any window that begins with one of them."""
    most, first = 0, 0
    for last, started in enumerate(starts_ms):
        while started - starts_ms[first] >= window_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


def _evaluations(rule: AlertRule, past: Past) -> Iterator[tuple[Found, Message | None]]:
    timing = Timing(round(rule.for_seconds * 1000), round(rule.keep_firing_for_seconds * 1000))
    state = RuleState(State.INACTIVE, past.looks[0].at_ms)
    for number, look in enumerate(past.looks):
        numbers = Then(past, look)
        until_ms = past.looks[number + 1].at_ms if number + 1 < len(past.looks) else past.to_ms
        at_ms: int | None = look.at_ms
        while at_ms is not None:
            seen = evaluate(rule, numbers, at_ms)
            state, transition = advance(rule.key, timing, state, seen, at_ms)
            yield Found(number, at_ms, seen, state), transition.message if transition else None
            at_ms = _next_end(rule, timing, state, look, at_ms, until_ms)


def _next_end(rule: AlertRule, timing: Timing, state: RuleState, look: Look, at_ms: int, until_ms: int) -> int | None:
    """The first moment after `at_ms` and before `until_ms` at which a wait is over, though nothing new is seen."""
    ends = []
    if state.state is State.PENDING:
        ends.append(state.since_ms + timing.for_ms)
    if state.state is State.RECOVERING:
        ends.append(state.since_ms + timing.keep_firing_for_ms)
    if isinstance(rule.comparison, Absence) and look.last_seen_ms is not None:
        ends.append(look.last_seen_ms + round(rule.comparison.seconds * 1000))
    return min((end for end in ends if at_ms < end < until_ms), default=None)


class _Incidents:
    """Put together from what the machine says."""

    def __init__(self, rule: AlertRule) -> None:
        self._worst = min if rule.operator in ("<", "<=") and not isinstance(rule.comparison, Absence) else max
        self._made: list[PastIncident] = []
        self._open: PastIncident | None = None

    def note(self, found: Found, message: Message | None) -> None:
        compared = found.seen.compared
        if message is Message.FIRING:
            self._open = PastIncident(found.at_ms, None, found.seen.value, compared)
        elif message is Message.RESOLVED and self._open is not None:
            self._made.append(replace(self._open, ended_ms=found.at_ms))
            self._open = None
        elif self._open is not None and compared is not None and self._open.peak is not None:
            self._open = replace(self._open, peak=self._worst(self._open.peak, compared))

    def all(self, past: Past) -> tuple[PastIncident, ...]:
        made = [*self._made, *([self._open] if self._open else [])]
        step_ms = step_ms_of(past)
        pause_ms = max(FLAP_PAUSE_MS, 2 * step_ms)
        marked: list[PastIncident] = []
        for each in made:
            follows = bool(marked) and each.started_ms - (marked[-1].ended_ms or 0) < pause_ms
            # Of looks a day apart nobody can say whether an incident was short.
            short = step_ms <= HOUR_MS and each.ended_ms is not None and each.ended_ms - each.started_ms < _SHORT_MS
            marked.append(replace(each, is_flap=follows or short))
        return tuple(marked)


def step_ms_of(past: Past) -> int:
    """How far looks are apart; silences are known to the millisecond, and count as hours."""
    return {"hour": 1, "silence": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}[past.steps] * HOUR_MS


def _buckets(past: Past, life: Life) -> tuple[int, int]:
    """How many buckets came to nothing, and how many were judged."""
    came_to = {past.looks[each.look].bucket: each.seen.verdict for each in life.found}
    return sum(verdict in _NO_VALUE for verdict in came_to.values()), len(came_to)
