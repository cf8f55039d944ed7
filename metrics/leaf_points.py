"""The points of one computation as known last: of each day, or of whole buckets where days do not add up.

Keeps them in memory; does not decide when they are computed anew.
"""

import time
from collections import deque
from collections.abc import Sequence
from datetime import date
from threading import Lock

from metrics.asking import WHOLE, Ask, Bucket, Computer, Pair
from metrics.changes import ALL, Cause
from metrics.formula import Leaf
from metrics.kinds import most_days_of, nothing_of, rollup_of, sum_of
from metrics.needs import Needs
from metrics.periods import GRAINS, buckets_of, days_of, in_turns
from schemas.computes import Counter

WARM_SECONDS = 900.0
"""A range that somebody asked for within this time is computed anew with the rest."""

_MOST_PAIRS = 20_000
_REMEMBERED = 64


class LeafPoints:
    """Reading is free of locks: what is computed replaces what was known at once.

    `dirty_from`: the first day whose data has changed since, None while nothing has. `through_ms`: everything received
    before it is in the points. `cost_seconds`: of the last time. `error`: why they could not be computed, or empty.
    `covered`: days that the points tell; `is_whole`: there is nothing before the first of them. `most_days`: so many at
    most are kept, None: all. `is_live`: nothing is kept, the stream's counters are asked each time.
    """

    def __init__(self, leaf: Leaf, needs: Needs) -> None:
        self.leaf = leaf
        self.needs = needs
        self.rollup = rollup_of(leaf.compute)
        self.lock = Lock()
        self.dirty_from: date | None = None
        self.through_ms: int | None = None
        self.covered: Bucket | None = None
        self.is_whole = False
        self.is_live = isinstance(leaf.compute, Counter)
        self.most_days = most_days_of(leaf.compute)
        self.cost_seconds = 0.0
        self.refreshed_at = float("-inf")
        self.error = ""
        self.cause = Cause("")
        self.refreshes = 0
        self._log: deque[tuple[int, date, Cause]] = deque(maxlen=_REMEMBERED)
        self._nothing = nothing_of(leaf.compute)
        self._pairs: dict[Bucket, Pair] = {}
        self._asked: dict[Bucket, float] = {}

    @property
    def is_settled(self) -> bool:
        """Whether all that is kept has been computed once."""
        return self.covered is not None and (self.is_whole or self.most_days is not None)

    def read(self, buckets: Sequence[Bucket], computer: Computer) -> dict[Bucket, Pair]:
        """Of each bucket; computes those that the points do not tell, and keeps them fresh with the rest for a while.

        Raises what the computer raises.
        """
        if self.rollup == "whole":
            self._asked |= dict.fromkeys(buckets, time.monotonic())
        return self.peek(buckets, computer)

    def peek(self, buckets: Sequence[Bucket], computer: Computer) -> dict[Bucket, Pair]:
        """As `read`, but nobody will ask for these buckets again."""
        found = {bucket: self._known(bucket) for bucket in buckets}
        if missing := [bucket for bucket, pair in found.items() if pair is None]:
            refreshes = self.refreshes
            computed = compute_buckets(computer, self.leaf, missing)
            found |= computed
            # What was computed beside a refresh may be older than that.
            if refreshes == self.refreshes and self.dirty_from is None and len(self._pairs) < _MOST_PAIRS:
                self._pairs = self._pairs | computed
        return {bucket: pair or self._nothing for bucket, pair in found.items()}

    def refresh(self, computer: Computer, first: date, today: date, since: date, is_whole: bool = True) -> None:
        """Compute the days from `since` on; what is known begins with `first`. The caller holds the lock."""
        began = time.monotonic()
        computed = compute_buckets(computer, self.leaf, self._due(first, today, since))
        kept = {bucket: pair for bucket, pair in self._pairs.items() if first <= bucket.first and bucket.last < since}
        if self.rollup != "whole":
            kept = {bucket: pair for bucket, pair in kept.items() if bucket.first == bucket.last}
        self._pairs = kept | computed
        self.covered, self.is_whole = Bucket(first, today), is_whole
        self.cost_seconds = time.monotonic() - began
        self.refreshed_at = time.monotonic()

    def compute(self, buckets: Sequence[Bucket], computer: Computer) -> dict[Bucket, Pair]:
        """Of each bucket, from the computer alone."""
        return compute_buckets(computer, self.leaf, buckets)

    def mark_dirty(self, day: date, cause: Cause) -> None:
        """The data of this day and later ones has changed."""
        if self.covered is None:
            self._pairs = {}
        if self.dirty_from is None or day < self.dirty_from:
            self.dirty_from = day
            self.cause = cause

    def note_refreshed(self, since: date) -> None:
        """The points may have changed from this day on."""
        self.refreshes += 1
        self.error = ""
        self._log.append((self.refreshes, since, self.cause))

    def changed_since(self, refreshes: int) -> tuple[date, Cause] | None:
        """From which day on they may differ from what they were after so many refreshes, and why; None: they do not."""
        if self.refreshes == refreshes:
            return None
        later = [(since, cause) for number, since, cause in list(self._log) if number > refreshes]
        if len(later) < self.refreshes - refreshes:
            return ALL, later[-1][1]
        return min(later, key=lambda one: one[0])

    def mark_maturing(self) -> None:
        """What matures may have changed by the passing of time alone."""
        self.refreshed_at = time.monotonic()
        if (first := self.is_maturing_from()) is not None:
            self.mark_dirty(first, Cause(""))

    def is_maturing_from(self) -> date | None:
        """The first day of what is maturing still."""
        return min((bucket.first for bucket, pair in self._pairs.items() if pair.is_maturing), default=None)

    def _due(self, first: date, today: date, since: date) -> list[Bucket]:
        start = max(first, since)
        if self.rollup != "whole":
            return buckets_of(start, today, "day", today)
        recent = time.monotonic() - WARM_SECONDS
        self._asked = {bucket: at for bucket, at in self._asked.items() if at >= recent}
        standard = [bucket for grain in GRAINS for bucket in buckets_of(start, today, grain, today)]
        return standard + [bucket for bucket in self._asked if bucket.last >= since and bucket.last <= today]

    def _known(self, bucket: Bucket) -> Pair | None:
        if (pair := self._pairs.get(bucket)) is not None:
            return pair
        covered = self.covered
        if covered is None or bucket.last > covered.last:
            return None
        if bucket.first < covered.first and (self.dirty_from is not None or not self.is_whole):
            return None
        if bucket.last < covered.first:
            return self._nothing
        return None if self.rollup == "whole" else self._rolled_up(bucket, covered)

    def _rolled_up(self, bucket: Bucket, covered: Bucket) -> Pair:
        if self.rollup == "sum":
            inside = Bucket(max(bucket.first, covered.first), bucket.last)
            pairs = [pair for day in days_of(inside) if (pair := self._pairs.get(Bucket(day, day))) is not None]
            return sum_of(pairs) if pairs else self._nothing
        day = bucket.last if self.rollup == "last" else bucket.first
        return self._pairs.get(Bucket(day, day), self._nothing)


def compute_buckets(computer: Computer, leaf: Leaf, buckets: Sequence[Bucket]) -> dict[Bucket, Pair]:
    """Every one of the buckets, those without data with what that says; they may overlap."""
    nothing = nothing_of(leaf.compute)
    found: dict[Bucket, Pair] = {}
    for turn in in_turns(buckets):
        by_day = computer.compute(leaf.compute, Ask(turn)).get(WHOLE, {})
        found |= {bucket: by_day.get(bucket.first, nothing) for bucket in turn}
    return found
