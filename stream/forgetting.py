"""Up to which time of receipt every partition has applied everything, hand-offs included.

Does not forget anything itself: people settle the days of messages that are older than this by the retry window.
Matters when a backlog is read: partitions then run days of received time apart, and a copy must still meet its message.
"""

from collections import deque
from collections.abc import Mapping

_HOPS = 4
"""How many times a hand-off may be handed on before it is applied; each takes one more round of waiting."""


class ReceivedThrough:
    """A bound that follows the events at a distance: each step waits until the hand-offs made before it are applied."""

    def __init__(self) -> None:
        self.bound_ms = 0
        self._waiting: deque[int] = deque()
        self._ends: Mapping[int, int] = {}

    def advance(self, events_bound_ms: int, applied: Mapping[int, int], ends: Mapping[int, int]) -> int:
        """Take a look at the partitions; return the new bound.

        `events_bound_ms` is the receipt up to which all partitions have applied their events now,
        `applied` and `ends` the positions and ends of their hand-offs.
        """
        if all(applied.get(number, end) >= end for number, end in self._ends.items()):
            self._waiting.append(events_bound_ms)
            self._ends = dict(ends)
            if len(self._waiting) > _HOPS:
                self.bound_ms = max(self.bound_ms, self._waiting.popleft())
        return self.bound_ms
