"""How far every partition has come for good, hand-offs included: what lies long enough behind may be forgotten.

Does not forget anything itself. While a backlog is read, partitions run days of event time apart, and a copy must
still meet its message, a late device its user. Only durable headers speak: whatever dies, nobody starts before them.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.checkpoints import Positions

_HOPS = 4
"""How many times a hand-off may be handed on before it is applied; each takes one more round of waiting."""


class Passed(NamedTuple):
    """Everything that was received, and that happened, before these (Unix ms) is applied."""

    received_ms: int
    occurred_ms: int


NOTHING_PASSED = Passed(0, 0)


class Standing(NamedTuple):
    """A durable header: everything before `positions` is in it, and what it handed off is in the log."""

    positions: Positions
    passed: Passed


NO_HEADER = Standing(Positions(0, 0), NOTHING_PASSED)


class Progress:
    """A bound that follows the headers at a distance: each step waits until the hand-offs made before it are applied.

    Several workers keep one each; they need not agree, as every one of them lies behind the truth.
    """

    def __init__(self) -> None:
        self.passed = NOTHING_PASSED
        self._waiting: deque[Passed] = deque()
        self._ends: Mapping[int, int] = {}

    def look(self, standings: Mapping[int, Standing], events: Mapping[int, int], handoffs: Mapping[int, int]) -> bool:
        """Look at all partitions: their headers, then (read after them) the ends of both topics.

        Returns:
            Whether every header stands at the ends: nothing is on its way between partitions.
        """
        at = {number: standings.get(number, NO_HEADER) for number in events}
        behind = [one for number, one in at.items() if one.positions.events < events[number]]
        reached = slowest(one.passed for one in behind) if behind else furthest(one.passed for one in at.values())
        if all(at[number].positions.handoffs >= end for number, end in self._ends.items()):
            self._waiting.append(reached)
            self._ends = dict(handoffs)
            if len(self._waiting) > _HOPS:
                self._reach(self._waiting.popleft())
        is_settled = not behind and all(at[number].positions.handoffs >= end for number, end in handoffs.items())
        if is_settled:
            self._reach(reached)
        return is_settled

    def _reach(self, passed: Passed) -> None:
        self.passed = furthest((self.passed, passed))


def furthest(passed: Iterable[Passed]) -> Passed:
    """The latest of each."""
    every = list(passed)
    return Passed(max(one.received_ms for one in every), max(one.occurred_ms for one in every))


def slowest(passed: Iterable[Passed]) -> Passed:
    """The earliest of each."""
    every = list(passed)
    return Passed(min(one.received_ms for one in every), min(one.occurred_ms for one in every))
