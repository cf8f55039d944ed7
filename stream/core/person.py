"""A person as a join-semilattice: states unite in any order, any number of times, to the same state.

Does not count anything: what a state contributes to the numbers is in `activation`, `funnels`, `active_days`.
"""

from stream.core.active_days import FIRST_DAY

Moments = dict[int, int]
"""Message hash → earliest time (Unix ms) of that message."""

DAY_BITS = 16
"""A recent message is its generation, shifted by these, and its day."""
_DAY_MASK = (1 << DAY_BITS) - 1


class Person:
    """Everything kept about a person.

    `user_ids`, `devices`: the ids united in it, its own included. `settled_days`: days that are active for good.
    `recent`: hash of each activity message of the retry window → its generation and day: a copy of the message
    moves its day to the earlier one. `days`: all active days (derived from both).
    `signed_up_ms`: earliest signup. `actions`: core actions that may still count. `steps`: by event name, the messages
    that may serve funnel steps. `frozen_day`: numbers of days before it no longer change.
    `entries`: what the steps contribute now, by (funnel index, entry day) (derived, see `funnels`).
    """

    __slots__ = (
        "actions",
        "activated_ms",
        "days",
        "devices",
        "encoded",
        "entries",
        "first_seen_ms",
        "frozen_day",
        "last_seen_ms",
        "recent",
        "settled_days",
        "signed_up_ms",
        "steps",
        "user_ids",
    )

    def __init__(self, person_id: str = "") -> None:
        own = person_id[2:]
        self.user_ids: set[str] = {own} if person_id.startswith("u:") else set()
        self.devices: set[str] = {own} if person_id.startswith("d:") else set()
        self.first_seen_ms: int | None = None
        self.last_seen_ms: int | None = None
        self.settled_days = 0
        self.recent: dict[int, int] = {}
        self.days = 0
        self.signed_up_ms: int | None = None
        self.activated_ms: int | None = None
        self.actions: Moments = {}
        self.steps: dict[str, Moments] = {}
        self.frozen_day = FIRST_DAY
        self.entries: dict[tuple[int, int], tuple[int, ...]] = {}
        self.encoded: bytes | None = None

    def see(self, occurred_ms: int) -> None:
        """Widen the span in which the person was seen."""
        if self.first_seen_ms is None or occurred_ms < self.first_seen_ms:
            self.first_seen_ms = occurred_ms
        if self.last_seen_ms is None or occurred_ms > self.last_seen_ms:
            self.last_seen_ms = occurred_ms

    def note_activity(self, message: int, bit: int, generation: int) -> bool:
        """Record an activity message on a day; say whether `days` changed.

        A copy with an earlier day takes the later day back, unless other messages keep it.
        """
        known = self.recent.get(message)
        if known is None:
            self.recent[message] = generation << DAY_BITS | bit
            if self.days >> bit & 1:
                return False
            self.days |= 1 << bit
            return True
        united = _unite_recent(known, generation << DAY_BITS | bit)
        self.recent[message] = united
        if united & _DAY_MASK == known & _DAY_MASK:
            return False
        before = self.days
        self.days = self._all_days()
        return self.days != before

    def settle_recent(self, generation: int) -> None:
        """Forget messages received two generations ago or earlier; their days stay for good."""
        oldest = (generation - 1) << DAY_BITS
        if not self.recent or min(self.recent.values()) >= oldest:
            return
        kept = {}
        for message, packed in self.recent.items():
            if packed < oldest:
                self.settled_days |= 1 << (packed & _DAY_MASK)
            else:
                kept[message] = packed
        self.recent = kept

    def freeze(self, day: int, start_ms: int) -> None:
        """Drop actions and steps before `start_ms`, the start of `day`; numbers of earlier days change no more."""
        self.frozen_day = day
        # Nothing of a person is older than the first sight of it.
        if self.first_seen_ms is None or self.first_seen_ms >= start_ms:
            return
        if self.actions:
            self.actions = {message: at for message, at in self.actions.items() if at >= start_ms}
        if self.steps:
            kept = {
                step: {message: at for message, at in moments.items() if at >= start_ms}
                for step, moments in self.steps.items()
            }
            self.steps = {step: moments for step, moments in kept.items() if moments}
        if self.entries:
            self.entries = {key: times for key, times in self.entries.items() if key[1] >= day}

    def drop_late_actions(self, window_ms: int) -> None:
        """Forget core actions behind the activation window: the signup only ever moves back."""
        if self.signed_up_ms is not None and self.actions:
            end = self.signed_up_ms + window_ms
            self.actions = {message: at for message, at in self.actions.items() if at < end}

    def absorb(self, other: "Person") -> None:
        """Unite with another state: sets join, times and days take the earliest, `frozen_day` the latest.

        The caller freezes both to the later `frozen_day` first and recomputes `entries` afterwards.
        """
        self.user_ids |= other.user_ids
        self.devices |= other.devices
        self.first_seen_ms = _earliest(self.first_seen_ms, other.first_seen_ms)
        self.signed_up_ms = _earliest(self.signed_up_ms, other.signed_up_ms)
        self.activated_ms = _earliest(self.activated_ms, other.activated_ms)
        if other.last_seen_ms is not None and (self.last_seen_ms is None or other.last_seen_ms > self.last_seen_ms):
            self.last_seen_ms = other.last_seen_ms
        self.settled_days |= other.settled_days
        has_moved = False
        for message, packed in other.recent.items():
            known = self.recent.get(message, packed)
            self.recent[message] = _unite_recent(known, packed)
            has_moved = has_moved or known & _DAY_MASK != packed & _DAY_MASK
        self.days = self._all_days() if has_moved else self.days | other.days
        _take_earliest(self.actions, other.actions)
        for step, moments in other.steps.items():
            _take_earliest(self.steps.setdefault(step, {}), moments)
        self.frozen_day = max(self.frozen_day, other.frozen_day)

    def _all_days(self) -> int:
        days = self.settled_days
        for packed in self.recent.values():
            days |= 1 << (packed & _DAY_MASK)
        return days


def note_moment(moments: Moments, message: int, at_ms: int) -> bool:
    """Keep the earliest time of a message; say whether anything changed."""
    known = moments.get(message)
    if known is not None and known <= at_ms:
        return False
    moments[message] = at_ms
    return True


def _unite_recent(one: int, other: int) -> int:
    generation = max(one >> DAY_BITS, other >> DAY_BITS)
    return generation << DAY_BITS | min(one & _DAY_MASK, other & _DAY_MASK)


def _earliest(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _take_earliest(mine: Moments, other: Moments) -> None:
    for message, at in other.items():
        note_moment(mine, message, at)
