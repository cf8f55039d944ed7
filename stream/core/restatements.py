"""Changes of numbers of days that were over when they were published: what changed, by how much, because of what.

Does not publish: a checkpoint takes the sums. A day is over once the published watermark has passed it.
"""

from typing import NamedTuple

from stream.core.active_days import FIRST_DAY

MERGE = "merge"
LATE_EVENT = "late event"
DEFINITION = "definition"
REASONS = (DEFINITION, MERGE, LATE_EVENT)
"""Why a number was restated. A message that is late and merges two persons is a merge."""


class Change(NamedTuple):
    """The sum of one cause's changes of one bucket since the last checkpoint. `day` counts from 1970-01-01."""

    metric: str
    day: int
    cause: str
    reason: str
    delta: int


class Restatements:
    """Collects changes below `over_day` (`over_bit`, counted from `FIRST_DAY`); the cause is set before a change."""

    def __init__(self) -> None:
        self.over_day = FIRST_DAY
        self.over_bit = 0
        self._cause = ""
        self._reason = ""
        self._limit = FIRST_DAY
        self._noted: list[tuple[str, int, int, str, str, int]] = []

    def __len__(self) -> int:
        return len(self._noted)

    def close_days(self, over_day: int) -> None:
        """Days before `over_day` have been published as over; none of them ever opens again."""
        self.over_day = max(over_day, self.over_day)
        self.over_bit = self.over_day - FIRST_DAY

    def because(self, cause: str, reason: str, over_day: int | None = None) -> None:
        """Name the message or merge that causes what is noted next; `over_day` is another partition's, if it judges."""
        self._cause = cause
        self._reason = reason
        self._limit = self.over_day if over_day is None else over_day

    def because_of_event(self, message_id: str, day: int) -> None:
        """An event of a day that is over causes what is noted next.

        One of a day that is not over restates nothing: a cohort or an entry of an earlier day that goes on is maturing.
        """
        self._cause = message_id
        self._reason = LATE_EVENT
        self._limit = self.over_day if day < self.over_day else FIRST_DAY

    def note_range(self, metric: str, first: int, last: int, delta: int) -> None:
        """Buckets `first` … `last` change by `delta`; those not over are nobody's restatement."""
        if first < self._limit:
            self._noted.append((metric, first, min(last, self._limit - 1), self._cause, self._reason, delta))

    def take(self) -> list[Change]:
        """The sums since the last call, without those that cancel out."""
        if not self._noted:
            return []
        sums: dict[tuple[str, int, str], int] = {}
        reasons: dict[str, str] = {}
        for metric, first, last, cause, reason, delta in self._noted:
            reasons[cause] = min(reasons.get(cause, reason), reason, key=REASONS.index)
            for day in range(first, last + 1):
                sums[metric, day, cause] = sums.get((metric, day, cause), 0) + delta
        self._noted = []
        return [Change(*bucket, reasons[bucket[2]], delta) for bucket, delta in sums.items() if delta]
