"""The life of one alert rule as a pure function: (state, observation, now) → (state, transitions, messages).

Does not evaluate conditions, read a clock or deliver anything.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where a rule stands. An incident opens with `firing` and stays open in `recovering`, `no_data` and `error`."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"
    ERROR = "error"


class Verdict(StrEnum):
    """What one evaluation found."""

    BREACHED = "breached"
    CLEAR = "clear"
    NO_DATA = "no_data"
    ERROR = "error"


class Message(StrEnum):
    """What receivers are told: one when an incident starts, one when it ends."""

    FIRING = "alert.firing"
    RESOLVED = "alert.resolved"


class Timing(NamedTuple):
    """The rule's durations, in milliseconds."""

    for_ms: int
    keep_firing_for_ms: int


class Observation(NamedTuple):
    """One evaluation: its verdict, the value (None without data) and a word on it for the log."""

    verdict: Verdict
    value: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RuleState:
    """The state of one rule. `alert_id` is empty unless an incident is open; then `started_ms` says since when.

    `since_ms` is when this state was entered (Unix ms).
    """

    state: State
    since_ms: int
    value: float | None = None
    alert_id: str = ""
    started_ms: int | None = None

    @property
    def is_open(self) -> bool:
        return self.alert_id != ""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state with its cause, and the message it owes to the receiver (None: nobody is told)."""

    before: State
    after: RuleState
    cause: str
    alert_id: str
    started_ms: int | None
    message: Message | None = None


def alert_id(rule: str, started_ms: int) -> str:
    """The id of an incident, the same whoever computes it: receivers can tell copies by it."""
    return hashlib.blake2b(f"{rule}\n{started_ms}".encode(), digest_size=12).hexdigest()


def advance(
    rule: str, timing: Timing, current: RuleState, seen: Observation, now_ms: int
) -> tuple[RuleState, Transition | None]:
    """The state after an observation at `now_ms`, and the transition if the state changed.

    A clock that steps back never ends a wait early: elapsed time counts from 0. While data is missing or its reading
    fails, an open incident stays open and nobody is told; a pending one starts its wait anew.
    """
    moved = replace(current, value=seen.value if seen.value is not None else current.value)
    if seen.verdict in (Verdict.NO_DATA, Verdict.ERROR):
        state = State.NO_DATA if seen.verdict is Verdict.NO_DATA else State.ERROR
        return _enter(current, replace(moved, value=None), state, now_ms, seen.detail or seen.verdict.replace("_", " "))
    step = _on_breach if seen.verdict is Verdict.BREACHED else _on_clear
    return step(rule, timing, current, moved, now_ms)


def close(current: RuleState, cause: str, now_ms: int) -> tuple[RuleState, Transition]:
    """End an open incident for a reason outside the numbers (its rule was removed)."""
    return _resolve(current, current, now_ms, cause)


def _on_breach(
    rule: str, timing: Timing, current: RuleState, moved: RuleState, now_ms: int
) -> tuple[RuleState, Transition | None]:
    if current.is_open:
        return _enter(current, moved, State.FIRING, now_ms, "breached again")
    waited = max(0, now_ms - current.since_ms) if current.state is State.PENDING else 0
    if waited < timing.for_ms:
        return _enter(current, moved, State.PENDING, now_ms, "breached")
    fired = replace(moved, state=State.FIRING, since_ms=now_ms, alert_id=alert_id(rule, now_ms), started_ms=now_ms)
    cause = f"breached for {timing.for_ms / 1000:g} s" if timing.for_ms else "breached"
    return fired, Transition(current.state, fired, cause, fired.alert_id, now_ms, Message.FIRING)


def _on_clear(
    _rule: str, timing: Timing, current: RuleState, moved: RuleState, now_ms: int
) -> tuple[RuleState, Transition | None]:
    if not current.is_open:
        return _enter(current, moved, State.INACTIVE, now_ms, "clear")
    waited = max(0, now_ms - current.since_ms) if current.state is State.RECOVERING else 0
    if waited < timing.keep_firing_for_ms:
        return _enter(current, moved, State.RECOVERING, now_ms, "clear")
    cause = f"clear for {timing.keep_firing_for_ms / 1000:g} s" if timing.keep_firing_for_ms else "clear"
    return _resolve(current, moved, now_ms, cause)


def _resolve(current: RuleState, moved: RuleState, now_ms: int, cause: str) -> tuple[RuleState, Transition]:
    ended = RuleState(State.INACTIVE, now_ms, moved.value)
    return ended, Transition(current.state, ended, cause, current.alert_id, current.started_ms, Message.RESOLVED)


def _enter(
    current: RuleState, moved: RuleState, state: State, now_ms: int, cause: str
) -> tuple[RuleState, Transition | None]:
    if state is current.state:
        return moved, None
    entered = replace(moved, state=state, since_ms=now_ms)
    return entered, Transition(current.state, entered, cause, current.alert_id, current.started_ms)
