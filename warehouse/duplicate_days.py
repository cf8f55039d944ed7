"""How many copies came on each day, out of the total since the log began, noted when somebody looks.

Nothing else tells: copies are united in the tables. So a day has a number only where the total was noted on it, and on
the day before it or, of the first such day, when everything was settled.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from schemas.reading import Quality
from warehouse.client import DATABASE, Warehouse

_MARKS = f"""
SELECT day, min(first_total), max(last_total) FROM {DATABASE}.duplicate_marks
WHERE day BETWEEN {{first:Date}} AND {{last:Date}} GROUP BY day
SETTINGS max_threads = 1
"""

_DAY = timedelta(days=1)


class _Mark(NamedTuple):
    """The total when a day was first looked at (None: it was not settled then), and the highest of the day."""

    first: int | None
    last: int


class DuplicateDays:
    """May raise ReadingUnavailable. For one thread."""

    def __init__(self, warehouse: Warehouse, totals: Callable[[], Quality]) -> None:
        self._warehouse = warehouse
        self._totals = totals
        self._noted: dict[str, Any] = {}

    def read(self, days: Sequence[date], today: date) -> list[float | None]:
        """Copies of each day, as known now; None: nobody looked then."""
        self._note(today)
        found = self._warehouse.rows(_MARKS, {"first": min(days) - _DAY, "last": max(days)})
        marks = {day: _Mark(first, last) for day, first, last in found}
        return [_copies(marks.get(day), marks.get(day - _DAY)) for day in days]

    def _note(self, today: date) -> None:
        """While something is being loaded the total may be a little low: the highest of a day counts."""
        quality = self._totals()
        first = quality.duplicates if quality.completeness.lag_events == 0 else None
        row = {"day": today.isoformat(), "first_total": first, "last_total": quality.duplicates}
        if row != self._noted:
            settings = {"insert_deduplication_token": uuid4().hex}
            self._warehouse.insert_lines("duplicate_marks", list(row), msgspec.json.encode(row), settings)
            self._noted = row


def _copies(mark: _Mark | None, before: _Mark | None) -> float | None:
    if mark is None:
        return None
    start = before.last if before is not None else mark.first
    return None if start is None else float(max(0, mark.last - start))
