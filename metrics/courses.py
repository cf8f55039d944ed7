"""How values came about within their buckets, to quarters of an hour, and the longest times without anything.

Implements `schemas.courses.Courses` for what is counted from events and entries. Keeps nothing: backtests are rare.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from metrics.asked_rows import Asked
from metrics.asking import Ask, Bucket, Pair, Query
from metrics.dimensions import Dimensions
from metrics.formula import Formula, Leaf, formula_of, key_of, leaves_of, looks_back, pair_of
from metrics.kinds import value_of
from metrics.periods import buckets_of
from metrics.quarters import QUARTER_MS, Statement, statements_of
from metrics.sources import condition_of
from metrics.statement import AT_MS, Parameters, within
from schemas.alerts import FunnelSubject, MetricSubject, Subject
from schemas.calendar import Calendar, day_date, day_number
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED, Compute, Counter, EventSet, FunnelConversion
from schemas.counted_messages import CountsNothing, counted_messages
from schemas.courses import CoursePoint, Silence
from schemas.definitions import StreamDefinitions
from schemas.measuring import Grain, NotComputable, Segment
from schemas.reading import funnel_counter

_SILENCES = 500
_EARLIER = timedelta(days=35)
"""Before the time that is asked about: what occurred last when it began."""

_TIMES = f"SELECT DISTINCT {AT_MS} AS at FROM northstream.metric_events FINAL WHERE {{within}} AND ({{condition}})"

_LONGEST = f"""
SELECT before, at FROM (
    SELECT at, lagInFrame(at, 1, at) OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
    FROM ({_TIMES})
)
WHERE at > {{asked}} AND at > before ORDER BY at - before DESC LIMIT {_SILENCES}
"""

_LATEST = f"SELECT max(at) FROM ({_TIMES})"


@dataclass(frozen=True, slots=True)
class _Grown:
    """An amount that grew: when it did (Unix ms, ascending) and what it came to."""

    times: Sequence[int]
    sums: Sequence[Decimal]

    def at(self, at_ms: int) -> Decimal:
        place = bisect_right(self.times, at_ms)
        return self.sums[place - 1] if place else Decimal(0)


_NOTHING = _Grown((), ())


class CourseReader:
    """`metrics`: the catalogue as it is now. `clock` gives Unix ms."""

    def __init__(
        self,
        query: Query,
        stream: StreamDefinitions,
        dimensions: Dimensions,
        clock: Callable[[], int],
        metrics: Callable[[], Mapping[str, MetricDefinition]],
    ) -> None:
        self._query = query
        self._stream = stream
        self._dimensions = dimensions
        self._clock = clock
        self._metrics = metrics
        self._calendar = Calendar(stream.timezone)

    def course(
        self, subject: Subject, first: date, last: date, grain: Grain
    ) -> Mapping[date, Sequence[CoursePoint]] | None:
        formula = self._formula_of(subject)
        if formula is None or looks_back(formula):
            return None
        asked = self._asked(buckets_of(first, last, grain, date.max), _segments(subject))
        statements = {leaf: statements_of(leaf.compute, asked) for leaf in leaves_of(formula)}
        told = {leaf: pair for leaf, pair in statements.items() if pair is not None}
        if len(told) < len(statements):
            return None
        grown = {leaf: [self._grown(one, asked) for one in pair] for leaf, pair in told.items()}
        return {bucket.first: self._points(formula, grown, bucket) for bucket in asked.ask.buckets}

    def silences(self, subject: Subject, from_ms: int, to_ms: int) -> Sequence[Silence] | None:
        if not isinstance(subject, MetricSubject | FunnelSubject):
            return None
        try:
            sources = counted_messages(subject, self._metrics(), self._stream).sources
        except CountsNothing:
            return None
        parameters = Parameters()
        first, last = (day_date(self._calendar.day_of(at_ms)) for at_ms in (from_ms, to_ms))
        asked = {
            "within": within(self._calendar, first - _EARLIER, last),
            "asked": parameters.bind(from_ms, "Int64"),
            "condition": " OR ".join(map(self._condition(parameters), sources)) or "0",
        }
        found = self._query.rows(_LONGEST.format(**asked), parameters.values)
        latest = self._query.rows(_LATEST.format(**asked), parameters.values)[0][0]
        silences = [Silence(int(before), int(at)) for before, at in found]
        return sorted([*silences, *([Silence(int(latest), to_ms)] if 0 < latest < to_ms else [])])

    def _condition(self, parameters: Parameters) -> Callable[[EventSet], str]:
        return lambda source: f"({condition_of(source, self._stream, parameters)})"

    def _formula_of(self, subject: Subject) -> Formula | None:
        """None for what is not made of leaves: numbers about the data, and what is not known or broken."""
        match subject:
            case FunnelSubject(funnel=funnel, step=step, measure="rate"):
                return _leaf(FunnelConversion(funnel, step))
            case FunnelSubject(funnel=funnel, step=step):
                return _leaf(Counter(funnel_counter(funnel, step)))
            case MetricSubject(metric=metric):
                try:
                    return formula_of(metric, self._metrics())
                except KeyError:
                    return _leaf(STREAMED[metric]) if metric in STREAMED else None
                except NotComputable:
                    return None
        return None

    def _asked(self, buckets: Sequence[Bucket], filters: tuple[Segment, ...]) -> Asked:
        asked = Asked(Ask(buckets, filters), self._stream, self._dimensions, self._clock())
        asked.check()
        return asked

    def _grown(self, statement: Statement, asked: Asked) -> Mapping[date, _Grown]:
        """By first day of each bucket with anything."""
        found: dict[int, list[tuple[int, Decimal]]] = {}
        for bucket, quarter, amount in self._query.rows(f"{statement} ORDER BY 1, 2", asked.parameters.values):
            found.setdefault(bucket, []).append(((int(quarter) + 1) * QUARTER_MS - 1, Decimal(amount)))
        return {
            asked.ask.buckets[bucket - 1].first: _Grown(
                [at_ms for at_ms, _ in steps], list(accumulate(amount for _, amount in steps))
            )
            for bucket, steps in found.items()
        }

    def _points(
        self, formula: Formula, grown: Mapping[Leaf, Sequence[Mapping[date, _Grown]]], bucket: Bucket
    ) -> list[CoursePoint]:
        amounts = {leaf: [one.get(bucket.first, _NOTHING) for one in pair] for leaf, pair in grown.items()}
        moments = {at_ms for pair in amounts.values() for one in pair for at_ms in one.times}
        begins_ms = self._calendar.start_of(day_number(bucket.first))

        def point(at_ms: int) -> CoursePoint:
            pair = pair_of(formula, lambda leaf, _: _pair([one.at(at_ms) for one in amounts[leaf]]))
            value, samples = value_of(pair), pair.denominator
            return CoursePoint(at_ms, _number(value), _number(value if samples is None else samples))

        return [point(at_ms) for at_ms in sorted({begins_ms, *moments})]


def _leaf(compute: Compute) -> Leaf:
    return Leaf(compute, key_of(compute))


def _pair(amounts: Sequence[Decimal]) -> Pair:
    return Pair(amounts[0], amounts[1] if len(amounts) > 1 else None)


def _segments(subject: Subject) -> tuple[Segment, ...]:
    return subject.segments if isinstance(subject, MetricSubject) else ()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
