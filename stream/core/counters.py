"""The day counters of one partition: exact shares, kept by differences, published as absolute values.

Does not know people: it is told what changed.
"""

from collections.abc import Iterator
from itertools import accumulate

import msgspec

from stream.core.activation import ACTIVATION_COUNTERS, Activation
from stream.core.active_days import FIRST_DAY, WINDOWS, covered, neighbours, runs
from stream.core.restatements import Restatements


class _AtRest(msgspec.Struct, array_like=True):
    actives: list[list[int]]
    days: dict[str, dict[int, int]]


class Counters:
    """Rolling actives as difference arrays (index 0 is `FIRST_DAY`), all others as one number a day."""

    def __init__(self) -> None:
        self._windows = [([0] * 64, metric, width) for metric, width in WINDOWS]
        self._days: dict[str, dict[int, int]] = {}
        self._published: dict[tuple[str, int], int] = {}

    def activate_day(self, days_before: int, bit: int, restate: Restatements) -> None:
        """One more active day of a person: each window newly covers one contiguous range of buckets."""
        if days_before >> bit:
            previous_day, next_day = neighbours(days_before, bit)
        else:
            # The usual case: the newest day of all.
            previous_day, next_day = (days_before.bit_length() - 1 if days_before else -1000), bit + 1000
        over_bit = restate.over_bit
        for differences, metric, width in self._windows:
            first = previous_day + width if previous_day + width > bit else bit
            last = bit + width - 1 if bit + width < next_day else next_day - 1
            if first <= last:
                if last + 2 > len(differences):
                    _grow(differences, last)
                differences[first] += 1
                differences[last + 1] -= 1
                if first < over_bit:
                    restate.note_range(metric, first + FIRST_DAY, last + FIRST_DAY, 1)

    def change_days(self, before: int, after: int, restate: Restatements) -> None:
        """Any change of a person's active days: only buckets whose cover differs change."""
        if before == after:
            return
        for differences, metric, width in self._windows:
            old, new = covered(before, width), covered(after, width)
            for bits, amount in ((new & ~old, 1), (old & ~new, -1)):
                for first, last in runs(bits):
                    _add_range(differences, first, last, amount)
                    restate.note_range(metric, first + FIRST_DAY, last + FIRST_DAY, amount)

    def change_activation(self, before: Activation, after: Activation, frozen_day: int, restate: Restatements) -> None:
        """Move a person between day buckets; frozen days keep what they have."""
        if before == after:
            return
        for metric, old, new in zip(ACTIVATION_COUNTERS, before, after, strict=True):
            if old != new:
                if old is not None and old >= frozen_day:
                    self.add(metric, old, -1, restate)
                if new is not None and new >= frozen_day:
                    self.add(metric, new, 1, restate)

    def change_steps(self, counters: tuple[str, ...], day: int, before: int, after: int, restate: Restatements) -> None:
        """An entry of a day reached `before` steps and reaches `after` now (0: no entry)."""
        for step in range(before, after):
            self.add(counters[step], day, 1, restate)
        for step in range(after, before):
            self.add(counters[step], day, -1, restate)

    def add(self, metric: str, day: int, amount: int, restate: Restatements) -> None:
        by_day = self._days.setdefault(metric, {})
        by_day[day] = by_day.get(day, 0) + amount
        restate.note_range(metric, day, day, amount)

    def count_late(self, day: int, messages: int = 1) -> None:
        """More messages that arrived behind the horizon; a figure of quality, never a restatement."""
        by_day = self._days.setdefault("late", {})
        by_day[day] = by_day.get(day, 0) + messages

    def values(self) -> Iterator[tuple[str, int, int]]:
        """(metric, day, value) of every bucket that is not zero."""
        for differences, metric, _ in self._windows:
            for index, value in enumerate(accumulate(differences)):
                if value:
                    yield metric, index + FIRST_DAY, value
        for metric, by_day in self._days.items():
            for day, value in by_day.items():
                if value:
                    yield metric, day, value

    def changes(self) -> list[tuple[str, int, int]]:
        """(metric, day, value) of buckets that differ from what was last taken here; taken means published.

        After `decode` this is the full snapshot that a new owner publishes first.
        """
        now = {(metric, day): value for metric, day, value in self.values()}
        published = self._published
        changed = [(*bucket, value) for bucket, value in now.items() if published.get(bucket) != value]
        changed.extend((metric, day, 0) for metric, day in published.keys() - now.keys())
        self._published = now
        return changed

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(_AtRest([differences for differences, _, _ in self._windows], self._days))

    @classmethod
    def decode(cls, data: bytes) -> "Counters":
        state = msgspec.msgpack.decode(data, type=_AtRest)
        counters = cls()
        counters._windows = [
            (differences, metric, width) for differences, (metric, width) in zip(state.actives, WINDOWS, strict=True)
        ]
        counters._days = state.days
        return counters


def _add_range(differences: list[int], first: int, last: int, amount: int) -> None:
    if last + 2 > len(differences):
        _grow(differences, last)
    differences[first] += amount
    differences[last + 1] -= amount


def _grow(differences: list[int], last: int) -> None:
    differences.extend([0] * (last + 66 - len(differences)))
