"""Numbers about the data itself: how late and incomplete it is, what was refused, flagged, sent twice.

Does not judge them, and does not look at the self-watch by itself. docs/alerts.md has the definitions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Protocol, cast

from alerting.numbers import NotLookedUp, Point
from northstream.numbers.buckets import Span, today_of
from northstream.numbers.completed import Question
from northstream.numbers.published import Moment
from schemas.alerts import GAUGES, Bucket, DayCount, Gauge, QualitySubject
from schemas.calendar import Calendar, day_date
from schemas.reading import Completeness, ReadingUnavailable
from warehouse.quality_numbers import DayIntake, QualityNumbers
from warehouse.reader_lag import ReaderLag

SHARE_MS = 600_000
USUAL_DAYS = 7

BRIEF_MS = 10_000
"""While all was complete more recently than that, lateness is told as the time since then, which it cannot exceed."""

LOADER_PATIENCE_SECONDS = 30.0
"""While the loader is farther behind nobody can say when the last message came."""

_LOOK_BACK_MS = (600_000, 86_400_000, 90 * 86_400_000)
"""Where the last message is looked for at first, one after the other."""

_SHOWS_LATE_MS = 120_000
"""A message shows in the warehouse so long after it was received, while the loader keeps up."""

OF_LATENESS: tuple[Gauge, ...] = ("lag_seconds", "incomplete_seconds")

_COUNTED, _LOADED = "counters", "loader"


class Standing(Protocol):
    """As `warehouse.reports.WarehouseReports`; may raise ReadingUnavailable."""

    def completeness(self) -> Completeness: ...

    def reader_lags(self) -> Sequence[ReaderLag]: ...


@dataclass(frozen=True, slots=True)
class Lateness:
    """How far numbers lag behind what was received, at one moment; all 0 when everything is settled.

    `lag_seconds`: age of the oldest record of the log that is not both counted and published, and loaded. It grows
    while a worker or the loader is dead or frozen, and is 0 if nothing has come since. `loader_seconds`: the same of
    the loader alone. `incomplete_seconds`: now − `complete_through`; of a log that never was complete, `lag_seconds`.
    """

    lag_seconds: float
    loader_seconds: float
    incomplete_seconds: float
    through_ms: int | None


class QualityPoints:
    """For one thread, but for `lateness`, `watch` and the share of the quarantine. May raise ReadingUnavailable."""

    def __init__(
        self,
        standing: Standing,
        numbers: QualityNumbers,
        calendar: Calendar,
        watch_seconds: Callable[[int], float | None],
        duplicates: Callable[[Sequence[date], date], Sequence[float | None]],
    ) -> None:
        """`watch_seconds`: the age of the self-watch at a moment (Unix ms), None while it is off. `duplicates`: copies
        that came on each of some days, and today."""
        self._standing = standing
        self._numbers = numbers
        self._calendar = calendar
        self._watch_seconds = watch_seconds
        self._duplicates = duplicates
        self._latest_ms: int | None = None
        self._looked_ms: int | None = None
        self._usual: tuple[date, float] | None = None

    def points(self, subject: QualitySubject, bucket: Bucket, count: int, moment: Moment) -> list[Point]:
        """Raises NotLookedUp: a gauge has no history."""
        if subject.number in GAUGES:
            if count != 1:
                raise NotLookedUp(f"{subject} has no history")
            return [self._gauge(subject.number, moment.now_ms)]
        return self._day_counts(cast(DayCount, subject.number), bucket, count, moment)

    def lateness(self, now_ms: int) -> Lateness:
        """Completeness is read first: what lags a moment later came later."""
        completeness = self._standing.completeness()
        through_ms = completeness.complete_through_ms
        if completeness.lag_events == 0:
            return Lateness(0.0, 0.0, 0.0, through_ms)
        if through_ms is not None and now_ms - through_ms < BRIEF_MS:
            # Whatever is not counted or loaded yet came after that; where exactly is dear to find out on Kafka.
            brief = max(0, now_ms - through_ms) / 1000
            return Lateness(brief, brief, brief, through_ms)
        behind = [lag for lag in self._standing.reader_lags() if lag.reader in (_COUNTED, _LOADED) and lag.records]
        lag_seconds = max((lag.seconds for lag in behind), default=0.0)
        loader_seconds = max((lag.seconds for lag in behind if lag.reader == _LOADED), default=0.0)
        incomplete = lag_seconds if through_ms is None else max(0, now_ms - through_ms) / 1000
        return Lateness(lag_seconds, loader_seconds, incomplete, through_ms)

    def watch(self, now_ms: int) -> Point:
        return Point(today_of(self._calendar, now_ms), self._watch_seconds(now_ms))

    def gauge_of(self, number: Gauge, lateness: Lateness, now_ms: int) -> Point:
        """One of the gauges that lateness tells."""
        value = lateness.lag_seconds if number == "lag_seconds" else lateness.incomplete_seconds
        return Point(today_of(self._calendar, now_ms), value)

    def latest_received_ms(self, now_ms: int) -> int | None:
        """When the last message of an app was received, stored or quarantined; None: none in 90 days.

        Raises ReadingUnavailable also while the loader is behind: then it may have come since.
        """
        lateness = self.lateness(now_ms)
        if lateness.loader_seconds > LOADER_PATIENCE_SECONDS:
            raise ReadingUnavailable(f"the last {lateness.loader_seconds:.0f} s of messages are not loaded yet")
        for since_ms in self._beginnings(now_ms):
            if (found := self._numbers.latest_received_ms(since_ms)) is not None:
                self._latest_ms = max(found, self._latest_ms or found)
                break
        self._looked_ms = now_ms
        return self._latest_ms

    def latest_quarantined_ms(self, now_ms: int) -> int | None:
        """When a message was refused last; None: none in 90 days."""
        return self._numbers.latest_quarantined_ms(now_ms - _LOOK_BACK_MS[-1])

    def _beginnings(self, now_ms: int) -> list[int]:
        if self._looked_ms is not None:
            return [self._looked_ms - _SHOWS_LATE_MS]
        return [now_ms - back for back in _LOOK_BACK_MS]

    def _gauge(self, number: Gauge, now_ms: int) -> Point:
        if number == "watch_seconds":
            return self.watch(now_ms)
        if number == "silent_seconds":
            return self._silence(now_ms)
        if number == "quarantine_share":
            return self._quarantine_share(now_ms)
        return self.gauge_of(number, self.lateness(now_ms), now_ms)

    def _silence(self, now_ms: int) -> Point:
        """Without any message there is no value: nobody has begun to send. `samples`: messages of a usual day, the
        median over the last seven days that are over."""
        latest_ms, today = self.latest_received_ms(now_ms), today_of(self._calendar, now_ms)
        if latest_ms is None:
            return Point(today, None)
        return Point(today, max(0, now_ms - latest_ms) / 1000, self._usual_day(today))

    def _usual_day(self, today: date) -> float:
        """Asked once a day: whether it is a few more or less does not matter."""
        if self._usual is None or self._usual[0] != today:
            days = [today - timedelta(days=back) for back in range(1, USUAL_DAYS + 1)]
            rows = self._numbers.rows_by_day(days[-1])
            self._usual = (today, float(median(rows.get(day, 0) for day in days)))
        return self._usual[1]

    def _quarantine_share(self, now_ms: int) -> Point:
        """Per cent of the messages received in the last ten minutes; `samples`: those messages. None over nothing."""
        stored, quarantined = self._numbers.intake_since(now_ms - SHARE_MS)
        total = stored + quarantined
        return Point(today_of(self._calendar, now_ms), 100 * quarantined / total if total else None, float(total))

    def _day_counts(self, number: DayCount, bucket: Bucket, count: int, moment: Moment) -> list[Point]:
        now_ms, through_ms = moment
        question = Question(bucket, "day", count, now_ms, self._calendar)
        if number == "duplicates":
            points = self._copies(question.spans, now_ms)
        else:
            points = self._counted(number, question.spans, through_ms)
        return question.told(points, lambda _, end: through_ms is not None and through_ms >= end)

    def _copies(self, spans: Sequence[Span], now_ms: int) -> list[Point]:
        values = self._duplicates([span.first for span in spans], today_of(self._calendar, now_ms))
        return [Point(span.first, value, value) for span, value in zip(spans, values, strict=True)]

    def _counted(self, number: DayCount, spans: Sequence[Span], through_ms: int | None) -> list[Point]:
        over_before = day_date(self._calendar.day_of(through_ms)) if through_ms is not None else date.min
        days = self._numbers.days(spans[0].first, spans[-1].first, over_before)
        return [_day_point(span.first, number, days[span.first]) for span in spans]


def _day_point(day: date, number: DayCount, intake: DayIntake) -> Point:
    value = float(getattr(intake, number))
    return Point(day, value, value)
