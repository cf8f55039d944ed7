"""The life of one alert rule as a pure function: (state, observation, now) → (state, transitions, messages).

Does not evaluate conditions, read a clock or deliver anything.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple


class State(StrEnum):
    """Where a rule stands.

    An incident opens with `firing` and stays open in `recovering`, `no_data`, `error` and `waiting`: only numbers that
    are known and good end it. `waiting`: the data is bad, and another incident says so.
    """

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"
    ERROR = "error"
    WAITING = "waiting"


class Verdict(StrEnum):
    """What one evaluation found."""

    BREACHED = "breached"
    CLEAR = "clear"
    NO_DATA = "no_data"
    ERROR = "error"
    WAITS = "waits"


class Message(StrEnum):
    """What receivers are told: one when an incident starts, one when it ends."""

    FIRING = "alert.firing"
    RESOLVED = "alert.resolved"


class Timing(NamedTuple):
    """The rule's durations, in milliseconds."""

    for_ms: int
    keep_firing_for_ms: int


class Observation(NamedTuple):
    """One evaluation: its verdict, the value (None without data) and a word on it for people (`31 > 20`).

    `compared` is the number that was held against the rule's threshold: the value, its change, its z-score or the
    seconds of absence. `comparison` says for messages what it was compared with.
    """

    verdict: Verdict
    value: float | None
    detail: str = ""
    compared: float | None = None
    comparison: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RuleState:
    """The state of one rule. `alert_id` is empty unless an incident is open; then `started_ms` says since when.

    `since_ms` is when this state was entered (Unix ms), `cause` why. `start_value` is that of the incident's start.
    `order` grows with every state of the rule, also when the clock steps back or another machine's clock is behind: as
    long as all is well it is `since_ms`.
    """

    state: State
    since_ms: int
    value: float | None = None
    alert_id: str = ""
    started_ms: int | None = None
    start_value: float | None = None
    cause: str = ""
    order: int = 0

    @property
    def is_open(self) -> bool:
        return self.alert_id != ""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state with its cause, and the message it owes to receivers (None: nobody is told).

    The incident's `alert_id`, `started_ms` and `start_value` are here also when it ended.
    """

    before: State
    after: RuleState
    cause: str
    alert_id: str
    started_ms: int | None
    start_value: float | None = None
    message: Message | None = None


_UNJUDGED = {Verdict.NO_DATA: State.NO_DATA, Verdict.ERROR: State.ERROR, Verdict.WAITS: State.WAITING}


def alert_id(rule: str, order: int) -> str:
    """The id of an incident by the `order` of its first state, the same whoever computes it: receivers can tell copies
    by it. No two incidents share one, although a clock that is set back says the same time twice."""
    return hashlib.blake2b(f"{rule}\n{order}".encode(), digest_size=12).hexdigest()


def advance(
    rule: str, timing: Timing, current: RuleState, seen: Observation, now_ms: int
) -> tuple[RuleState, Transition | None]:
    """The state after an observation at `now_ms`, and the transition if the state changed.

    A clock that steps back never ends a wait early: elapsed time counts from 0. While data is missing or bad or its
    reading fails, an open incident stays open and nobody is told; a pending one starts its wait anew.
    """
    if seen.verdict in _UNJUDGED:
        # A number from bad data may be wrong, but it is what was last known; without data there is none.
        value = current.value if seen.verdict is Verdict.WAITS else None
        cause = seen.detail or seen.verdict.replace("_", " ")
        return _enter(current, value, _UNJUDGED[seen.verdict], now_ms, cause)
    if seen.verdict is Verdict.BREACHED:
        return _on_breach(rule, timing, current, seen, now_ms)
    return _on_clear(timing, current, seen, now_ms)


def close(current: RuleState, cause: str, now_ms: int) -> tuple[RuleState, Transition]:
    """Begin anew for a reason outside the numbers (the rule was removed); an incident ends, and that is told."""
    if current.is_open:
        return _resolve(current, current.value, now_ms, cause)
    anew = RuleState(State.INACTIVE, now_ms, current.value, cause=cause, order=_after(current, now_ms))
    return anew, Transition(current.state, anew, cause, "", None)


def _on_breach(
    rule: str, timing: Timing, current: RuleState, seen: Observation, now_ms: int
) -> tuple[RuleState, Transition | None]:
    if current.is_open:
        return _enter(current, seen.value, State.FIRING, now_ms, _why("breached again", 0, seen))
    if _waited(current, State.PENDING, now_ms) < timing.for_ms:
        return _enter(current, seen.value, State.PENDING, now_ms, _why("breached", 0, seen))
    cause = _why("breached", timing.for_ms, seen)
    order = _after(current, now_ms)
    opened = alert_id(rule, order)
    fired = RuleState(State.FIRING, now_ms, seen.value, opened, now_ms, seen.value, cause, order)
    return fired, Transition(current.state, fired, cause, opened, now_ms, seen.value, Message.FIRING)


def _on_clear(
    timing: Timing, current: RuleState, seen: Observation, now_ms: int
) -> tuple[RuleState, Transition | None]:
    if not current.is_open:
        return _enter(current, seen.value, State.INACTIVE, now_ms, _why("clear", 0, seen))
    if _waited(current, State.RECOVERING, now_ms) < timing.keep_firing_for_ms:
        return _enter(current, seen.value, State.RECOVERING, now_ms, _why("clear", 0, seen))
    return _resolve(current, seen.value, now_ms, _why("clear", timing.keep_firing_for_ms, seen))


def _after(current: RuleState, now_ms: int) -> int:
    return max(now_ms, current.order + 1)


def _waited(current: RuleState, state: State, now_ms: int) -> int:
    return max(0, now_ms - current.since_ms) if current.state is state else 0


def _why(what: str, waited_ms: int, seen: Observation) -> str:
    """`breached for 30 s: 31 > 20`."""
    waited = f" for {waited_ms / 1000:g} s" if waited_ms else ""
    return f"{what}{waited}" + (f": {seen.detail}" if seen.detail else "")


def _resolve(current: RuleState, value: float | None, now_ms: int, cause: str) -> tuple[RuleState, Transition]:
    ended = RuleState(State.INACTIVE, now_ms, value, cause=cause, order=_after(current, now_ms))
    told = Transition(
        current.state, ended, cause, current.alert_id, current.started_ms, current.start_value, Message.RESOLVED
    )
    return ended, told


def _enter(
    current: RuleState, value: float | None, state: State, now_ms: int, cause: str
) -> tuple[RuleState, Transition | None]:
    if state is current.state:
        return replace(current, value=value), None
    order = _after(current, now_ms)
    entered = replace(current, state=state, since_ms=now_ms, value=value, cause=cause, order=order)
    return entered, Transition(current.state, entered, cause, current.alert_id, current.started_ms, current.start_value)
