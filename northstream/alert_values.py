"""The values that alert rules look at: `alerting.numbers.Numbers`, at once or looked up in the background.

Does not judge, see `alerting`. Where each kind of number comes from is in `northstream.numbers`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from alerting.numbers import Point
from northstream.numbers.buckets import today_of
from northstream.numbers.completed import Question
from northstream.numbers.counters import CounterPoints, Counters, counters_of_funnel, counters_of_metric
from northstream.numbers.lookups import Lookups, Manner
from northstream.numbers.published import Moment, PublishedPoints
from northstream.numbers.quality import OF_LATENESS, Lateness, QualityPoints
from northstream.numbers.segments import SegmentPoints
from northstream.numbers.sightings import Sightings
from schemas.alerts import Bucket, FunnelSubject, MetricSubject, QualitySubject, Subject
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.definitions import FunnelDefinition

PUBLISHED = Manner(every_seconds=2, most_age_seconds=60)
"""Published values move with their metric's refresh interval."""

LATENESS = Manner(every_seconds=2, most_age_seconds=30)
SHARE = Manner(every_seconds=1, most_age_seconds=30)
"""Rules about metrics wait while much is refused: that must be seen before they fire."""

QUALITY = Manner(every_seconds=10, most_age_seconds=120)
SIGHTING = Manner(every_seconds=5, most_age_seconds=120)
RUNNING_SEGMENT = Manner(every_seconds=30, most_age_seconds=300)
COMPLETE_SEGMENT = Manner(every_seconds=300, most_age_seconds=900)
"""What is over moves with late events only; another definition of the metric is another question."""

_LATENESS = "lateness"


@dataclass(frozen=True, slots=True)
class NumberParts:
    """Where numbers come from. `metrics`: the catalogue as it is now."""

    counters: CounterPoints
    published: PublishedPoints
    segments: SegmentPoints
    quality: QualityPoints
    sightings: Sightings
    metrics: Callable[[], Mapping[str, MetricDefinition]]
    funnels: Sequence[FunnelDefinition]
    calendar: Calendar

    def counters_of(self, subject: Subject) -> Counters | None:
        """The counters of what the stream counts; None: it is to be looked up elsewhere. Raises NotLookedUp."""
        if isinstance(subject, FunnelSubject):
            return counters_of_funnel(subject, self.funnels)
        if not isinstance(subject, MetricSubject) or subject.segments:
            return None
        return counters_of_metric(subject.metric, self.metrics().get(subject.metric))

    def counted(
        self, counters: Counters, bucket: Bucket, count: int, now_ms: int, through: Callable[[], int | None]
    ) -> list[Point]:
        """Days of what the stream counts. `through` is asked for complete buckets only."""
        question = Question(bucket, "day", count, now_ms, self.calendar)
        points = self.counters.points(counters, question.spans, now_ms)
        through_ms = through() if bucket == "complete" else None
        return question.told(points, lambda _, end: through_ms is not None and through_ms >= end)

    def other(self, subject: Subject, bucket: Bucket, count: int, moment: Moment) -> list[Point]:
        """Numbers of everything else. Raises NotLookedUp."""
        if isinstance(subject, QualitySubject):
            return self.quality.points(subject, bucket, count, moment)
        metric = cast(MetricSubject, subject)
        if metric.segments:
            return self.segments.points(metric, bucket, count, moment.now_ms)
        return self.published.points(metric.metric, bucket, count, moment)


class NumbersAtOnce:
    """Implements `alerting.numbers.Numbers` for whoever can wait: everything is looked up when it is asked for."""

    def __init__(self, parts: NumberParts) -> None:
        self._parts = parts

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        counters = self._parts.counters_of(subject)
        if counters is not None:
            return self._parts.counted(counters, bucket, count, now_ms, lambda: self._through(now_ms))
        return self._parts.other(subject, bucket, count, Moment(now_ms, self._through(now_ms)))

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        return self._parts.sightings.last_seen_ms(subject, now_ms)

    def _through(self, now_ms: int) -> int | None:
        return self._parts.quality.lateness(now_ms).through_ms


class AlertNumbers:
    """Implements `alerting.numbers.Numbers` for the judge, which waits for nothing but the published counters.

    All else is looked up by `quick` and `slow`: two threads, so that what is measured for a segment holds up no gauge.
    """

    def __init__(self, parts: NumberParts, quick: Lookups, slow: Lookups, clock: Callable[[], int]) -> None:
        """`clock` (Unix ms): when something is looked up, which may be long after it was asked for."""
        self._parts = parts
        self._clock = clock
        self._quick = quick
        self._slow = slow
        self._through_ms: int | None = None

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        counters = self._parts.counters_of(subject)
        if counters is not None:
            return self._parts.counted(counters, bucket, count, now_ms, lambda: self._through(bucket, now_ms))
        if isinstance(subject, QualitySubject) and count == 1:
            if subject.number in OF_LATENESS:
                return [self._parts.quality.gauge_of(subject.number, self._lateness(), now_ms)]
            if subject.number == "watch_seconds":
                # It has an answer of its own for a warehouse that does not answer.
                return [self._parts.quality.watch(now_ms)]
        through_ms = self._through(bucket, now_ms)
        lookups, manner = self._way_of(subject, bucket)

        def look_up() -> list[Point]:
            return self._parts.other(subject, bucket, count, Moment(self._clock(), through_ms))

        return lookups.get(self._question(subject, bucket, count, now_ms), look_up, manner)

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        sightings = self._parts.sightings
        return self._slow.get(("seen", subject), lambda: sightings.last_seen_ms(subject, self._clock()), SIGHTING)

    def _way_of(self, subject: Subject, bucket: Bucket) -> tuple[Lookups, Manner]:
        if isinstance(subject, QualitySubject):
            return (self._quick, SHARE) if subject.number == "quarantine_share" else (self._slow, QUALITY)
        if isinstance(subject, MetricSubject) and subject.segments:
            return self._slow, RUNNING_SEGMENT if bucket == "running" else COMPLETE_SEGMENT
        return self._quick, PUBLISHED

    def _question(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Hashable:
        """Another day, or another definition of the metric, is another question."""
        today = today_of(self._parts.calendar, now_ms)
        definition = self._parts.metrics().get(subject.metric) if isinstance(subject, MetricSubject) else None
        return subject, bucket, count, today, definition and (definition.version, repr(definition.compute))

    def _through(self, bucket: Bucket, now_ms: int) -> int | None:
        """Up to when all is complete; asked for until it has passed the end of the last bucket that is over."""
        start = self._parts.calendar.start_of(self._parts.calendar.day_of(now_ms))
        if bucket == "complete" and (self._through_ms is None or self._through_ms < start):
            self._through_ms = self._lateness().through_ms
        return self._through_ms

    def _lateness(self) -> Lateness:
        return self._quick.get(_LATENESS, lambda: self._parts.quality.lateness(self._clock()), LATENESS)
