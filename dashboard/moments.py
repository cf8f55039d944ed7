"""Now, today and what is over: the workspace's calendar at one instant; instants as text.

Does not read a clock: it is handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from schemas.calendar import Calendar, day_date, day_number
from schemas.reading import Completeness


@dataclass(frozen=True, slots=True)
class Today:
    """One instant (Unix ms) and the workspace day it lies in."""

    now_ms: int
    day: date
    calendar: Calendar

    def end_of(self, day: date) -> int:
        """The first instant (Unix ms) after a workspace day."""
        return self.calendar.start_of(day_number(day) + 1)

    def is_settled(self, last_day: date, completeness: Completeness) -> bool:
        """The bucket that ends with this day is over, and everything received until its end is counted."""
        end = self.end_of(last_day)
        through = completeness.complete_through_ms
        return end <= self.now_ms and through is not None and through >= end

    def is_open(self, day: date, window_seconds: int) -> bool:
        """A window that starts at the last instant of the day is not over yet."""
        return self.now_ms < self.end_of(day) - 1 + window_seconds * 1000


@dataclass(frozen=True, slots=True)
class WorkspaceClock:
    """The clock of the process (Unix ms) read through the workspace's calendar."""

    clock: Callable[[], int]
    calendar: Calendar

    def today(self) -> Today:
        now_ms = self.clock()
        return Today(now_ms, day_date(self.calendar.day_of(now_ms)), self.calendar)


def instant(at_ms: int | None) -> str | None:
    """ISO 8601 in UTC with milliseconds; None stays None."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_instants(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for people: `at_ms` becomes `at`, `…_ms` becomes `…_at`."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name == "at_ms" or name.endswith("_ms"):
            shown["at" if name == "at_ms" else f"{name.removesuffix('_ms')}_at"] = instant(value)
        else:
            shown[name] = value
    return shown
