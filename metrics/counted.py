"""The streaming counters as a computer: exact at once, since nothing is computed or kept.

Does not know segments: those are asked of the events.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from metrics.asking import WHOLE, Answer, Ask, Bucket, Pair
from metrics.moment import Moment
from metrics.periods import DAY, days_of
from schemas.calendar import Calendar, day_date, day_number
from schemas.computes import Compute, Counter
from schemas.reading import STREAMING_COUNTERS, Reports

HELD_DAYS = 800
"""So many days of all counters are read for a moment: a year, and the same a year before."""

Daily = Mapping[str, Mapping[date, int]]


class CounterComputer:
    """Implements `metrics.asking.Computer` for the kind Counter, unless it is asked by segment."""

    def __init__(
        self,
        reports: Reports,
        clock: Callable[[], int],
        calendar: Calendar,
        activation_window_seconds: int,
        moment: Moment,
    ) -> None:
        """`clock` gives Unix ms. `moment`: while a thread holds it, all counters are read once."""
        self._moment = moment
        self._reports = reports
        self._clock = clock
        self._calendar = calendar
        self._window_ms = activation_window_seconds * 1000

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        if not isinstance(compute, Counter) or ask.filters or ask.split:
            raise TypeError("counters are not known by segment")
        if not ask.buckets:
            return {}
        names = [compute.numerator, *([compute.denominator] if compute.denominator else [])]
        now_ms = self._clock()
        today = day_date(self._calendar.day_of(now_ms))
        first, last = ask.buckets[0].first, max(bucket.last for bucket in ask.buckets)
        # Windows reach ahead of today: nobody shows that.
        daily = self._daily(names, first, min(last, today), today) if first <= today else {}
        columns = [daily.get(name, {}) for name in names]
        return {WHOLE: {bucket.first: self._pair(compute, columns, bucket, now_ms) for bucket in ask.buckets}}

    def _daily(self, names: Sequence[str], first: date, last: date, today: date) -> Daily:
        early = today - HELD_DAYS * DAY
        if not self._moment.is_held or first < early:
            return self._reports.daily(names, first, last)
        return self._moment.get("counters", lambda: self._reports.daily(STREAMING_COUNTERS, early, today))

    def _pair(self, compute: Counter, columns: Sequence[Mapping[date, int]], bucket: Bucket, now_ms: int) -> Pair:
        if compute.over == "last_day" or bucket.first == bucket.last:
            totals = [column.get(bucket.last, 0) for column in columns]
        else:
            totals = [sum(column.get(day, 0) for day in days_of(bucket)) for column in columns]
        denominator = Decimal(totals[1]) if len(totals) > 1 else None
        return Pair(Decimal(totals[0]), denominator, compute.matures and self._is_open(bucket.last, now_ms))

    def _is_open(self, day: date, now_ms: int) -> bool:
        return now_ms < self._calendar.start_of(day_number(day) + 1) - 1 + self._window_ms
