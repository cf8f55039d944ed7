"""Numbers of segments of a metric: nobody publishes them, they are measured when a rule asks.

Does not measure: `schemas.measuring.Measures` is handed in.
"""

from alerting.numbers import NotLookedUp, Point
from northstream.numbers.completed import Question
from northstream.numbers.published import LATE_MS, defined, samples_of
from schemas.alert_ground import judged_grain
from schemas.alerts import Bucket, MetricSubject
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.measuring import Measures, NotComputable, SeriesQuestion, UnknownDimension, Value


class SegmentPoints:
    """May raise ReadingUnavailable; takes as long as the measuring does."""

    def __init__(self, measures: Measures, calendar: Calendar) -> None:
        self._measures = measures
        self._calendar = calendar

    def points(self, subject: MetricSubject, bucket: Bucket, count: int, now_ms: int) -> list[Point]:
        """Raises NotLookedUp for what the metric cannot be split by, and for what cannot be computed."""
        definition = defined(subject.metric, self._measures.catalogue().metrics)
        question = Question(bucket, judged_grain(definition), count, now_ms, self._calendar)
        first, last = question.spans[0].first, question.spans[-1].last
        asked = SeriesQuestion(subject.metric, first, last, question.grain, filters=subject.segments)
        try:
            # Before the values, so that it never says more than they hold.
            through_ms = self._measures.complete_through_ms(subject.metric)
            values = self._measures.series(asked).values
        except KeyError as error:
            raise NotLookedUp(f"unknown metric {subject.metric}") from error
        except (UnknownDimension, NotComputable) as error:
            raise NotLookedUp(str(error)) from error
        points = [_point(value, definition) for value in values]
        # Measured answers are kept for a while though something has come: they are old enough by then.
        return question.told(
            points, lambda _, end: through_ms is not None and through_ms >= end and now_ms - end >= LATE_MS
        )


def _point(value: Value, definition: MetricDefinition) -> Point:
    found, denominator = (None if part is None else float(part) for part in (value.value, value.denominator))
    return Point(value.bucket, found, samples_of(definition, denominator, found))
