"""How far every partition has come, hand-offs included: what lies long enough behind may be forgotten or frozen.

Does not forget anything itself. While a backlog is read, partitions run days of event time apart, and a copy must
still meet its message, a late device its user.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

_HOPS = 4
"""How many times a hand-off may be handed on before it is applied; each takes one more round of waiting."""


class Passed(NamedTuple):
    """Every partition has applied what was received, and what happened, before these (Unix ms)."""

    received_ms: int
    occurred_ms: int


class Progress:
    """A bound that follows the events at a distance: each step waits until the hand-offs made before it are applied."""

    def __init__(self) -> None:
        self.passed = Passed(0, 0)
        self._waiting: deque[Passed] = deque()
        self._ends: Mapping[int, int] = {}

    def reach(self, passed: Passed) -> None:
        """Nothing is on its way between partitions: the bound is wherever they stand."""
        self.passed = Passed(*map(max, self.passed, passed))

    def advance(self, events: Passed, applied: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Look at the partitions: `events` is what all of them have passed by their events alone,
        `applied` and `ends` are the positions and ends of their hand-offs.
        """
        if all(applied.get(number, end) >= end for number, end in self._ends.items()):
            self._waiting.append(events)
            self._ends = dict(ends)
            if len(self._waiting) > _HOPS:
                self.reach(self._waiting.popleft())
