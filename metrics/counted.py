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
        today = self._calendar.day_of(self._clock())
        first, last = ask.buckets[0].first, max(bucket.last for bucket in ask.buckets)
        daily = self._daily(names, first, last, day_date(today))
        return {WHOLE: {bucket.first: self._pair(compute, daily, bucket, today) for bucket in ask.buckets}}

    def _daily(self, names: Sequence[str], first: date, last: date, today: date) -> Daily:
        early = today - HELD_DAYS * DAY
        if not self._moment.is_held or first < early or last > today:
            return self._reports.daily(names, first, last)
        return self._moment.get("counters", lambda: self._reports.daily(STREAMING_COUNTERS, early, today))

    def _pair(self, compute: Counter, daily: Daily, bucket: Bucket, today: int) -> Pair:
        days = [bucket.last] if compute.over == "last_day" else days_of(bucket)
        known = [day for day in days if day_number(day) <= today]

        def total(counter: str) -> Decimal:
            return Decimal(sum(daily.get(counter, {}).get(day, 0) for day in known))

        denominator = total(compute.denominator) if compute.denominator else None
        return Pair(total(compute.numerator), denominator, compute.matures and self._is_open(bucket.last))

    def _is_open(self, day: date) -> bool:
        end_ms = self._calendar.start_of(day_number(day) + 1)
        return self._clock() < end_ms - 1 + self._window_ms
