"""How many lines a partition holds, counted from as few records as will do.

Does not read records: who has read some tells of them. Kafka knows offsets only.
"""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from schemas.topics import MAX_BLOCK_EVENTS

_REMEMBERED_RECORDS = 16_384


class LineCount:
    """Lines by offset for one partition: exact inside a window of counted records, an estimate outside it.

    The scale has no fixed beginning unless the log is counted from offset 0: only differences mean something. Within
    one object a larger offset never has fewer lines as long as both lie inside the window.
    """

    def __init__(self) -> None:
        self._low = 0
        self._before: deque[int] = deque()
        """Lines before each offset from `_low` to the end of the window, both included; empty: nothing is known."""
        self._usual = 1.0
        """Lines in a record, as far as was counted in earlier windows."""

    @property
    def is_empty(self) -> bool:
        return not self._before

    @property
    def is_full(self) -> bool:
        """Whether growing further up would forget what lies at the lower end."""
        return len(self._before) >= _REMEMBERED_RECORDS

    @property
    def low(self) -> int:
        """The first offset of the window."""
        return self._low

    @property
    def high(self) -> int:
        """The end of the window: the first offset behind what was counted."""
        return self._low + len(self._before) - 1

    def begin(self, offset: int) -> None:
        """Start a new window, empty so far, at an offset; what was known keeps its meaning as well as it can."""
        lines = self.at(offset)
        self._usual = self._average()
        self._low, self._before = offset, deque((lines,))

    def grow_up(self, counts: Sequence[int]) -> None:
        """Take in the lines of the records that follow the window, in order."""
        self._before.extend(list(accumulate(counts, initial=self._before[-1]))[1:])
        while len(self._before) > _REMEMBERED_RECORDS:
            self._before.popleft()
            self._low += 1

    def grow_down(self, counts: Sequence[int]) -> None:
        """Take in the lines of the records just before the window, in order."""
        for count in reversed(counts):
            self._before.appendleft(self._before[0] - count)
        self._low -= len(counts)

    def at(self, offset: int) -> int:
        """Lines before an offset."""
        if self.is_empty:
            # Generous, so that counting down from a far end does not fall below zero.
            return offset * MAX_BLOCK_EVENTS
        if offset < self._low:
            return self._before[0] - round((self._low - offset) * self._average())
        if offset > self.high:
            return self._before[-1] + round((offset - self.high) * self._average())
        return self._before[offset - self._low]

    def _average(self) -> float:
        counted = len(self._before) - 1
        return (self._before[-1] - self._before[0]) / counted if counted > 0 else self._usual
