"""`schemas.measuring.Measures` over a made-up company: every metric of a catalogue has values, segments and members.

Does not measure anything: what the numbers are is tested elsewhere, here it is what readers see of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import sin
from zlib import crc32

from schemas.catalogue import Catalogue, MetricDefinition
from schemas.colours import span_of
from schemas.measuring import (
    OTHERS,
    ActionContrast,
    BestAndChurned,
    CohortQuestion,
    CohortRow,
    CohortTable,
    Explanation,
    FactRow,
    FunnelReach,
    MeasuredSeries,
    Member,
    NotComputable,
    Segment,
    SeriesQuestion,
    Share,
    UnknownDimension,
    Value,
    VariantOutcome,
)

SHARES = {"ads": Decimal("0.4"), "search": Decimal("0.3"), None: Decimal("0.2"), "partner": Decimal("0.1")}
DAY = timedelta(days=1)

_SIZES = {"ratio": 0.3, "money": 12_000.0, "score": 30.0, "multiple": 3.2, "seconds": 5_000.0}


@dataclass
class InMemoryMeasures:
    """`broken`: metrics that cannot be computed. `through_ms`: how far the values are complete."""

    known: Catalogue
    today: date
    through_ms: int | None = None
    broken: set[str] = field(default_factory=set)
    stored: list[FactRow] = field(default_factory=list)
    outcomes: list[VariantOutcome] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def catalogue(self) -> Catalogue:
        return self.known

    def findings(self) -> Sequence[str]:
        return self.wrong

    def one_moment(self) -> AbstractContextManager[None]:
        return nullcontext()

    def complete_through_ms(self, metric: str) -> int | None:
        return self.through_ms

    def series(self, question: SeriesQuestion) -> MeasuredSeries:
        ranges = list(buckets(question.first, question.last, question.grain))
        return self.over(question.metric, ranges, question.filters, question.split, question.top)

    def over(
        self,
        metric: str,
        ranges: Sequence[tuple[date, date]],
        filters: tuple[Segment, ...] = (),
        split: str = "",
        top: int = 8,
    ) -> MeasuredSeries:
        definition = self.known.metrics[metric]
        if metric in self.broken:
            raise NotComputable(f"{metric}: division of a name by nothing")
        share = Decimal(1)
        for part in filters:
            self._check(part.dimension)
            share *= SHARES.get(part.value, Decimal(0))
        whole = [self._value(definition, first, last, share) for first, last in ranges]
        if not split:
            return MeasuredSeries(whole)
        self._check(split)
        named = list(SHARES)[:top] + ([OTHERS] if top < len(SHARES) else [])
        rest = 1 - sum(list(SHARES.values())[:top])
        return MeasuredSeries(
            whole,
            [
                (
                    Segment(split, name),
                    [self._value(definition, first, last, share * SHARES.get(name, rest)) for first, last in ranges],
                )
                for name in named
            ],
        )

    def cohorts(self, question: CohortQuestion) -> CohortTable:
        rows = []
        starts = [first for first, _ in buckets(question.first, question.last, question.period)]
        for n, start in enumerate(starts):
            over, size = len(starts) - 1 - n, 60 + 7 * n
            cells = [round(size * 0.9**k) if k <= over else None for k in range(question.periods + 1)]
            rows.append(CohortRow(start, size, cells, [k == over for k in range(question.periods + 1)]))
        average = [0.9**k if k < len(starts) else None for k in range(question.periods + 1)]
        return CohortTable(question.period, question.mode, rows, average)

    def members(self, question: SeriesQuestion, limit: int, offset: int = 0) -> Sequence[Member]:
        if question.metric not in self.known.metrics:
            raise KeyError(question.metric)
        everybody = [
            Member(
                f"u:person-{n}", Decimal(500 - n), {"channel": "ads", "plan": None, "reasons": ["idle"], "owner": ""}
            )
            for n in range(250)
        ]
        everybody[0] = Member("=cmd|' /C calc'!A0", Decimal(500), {"channel": "@ads", "plan": "team, large"})
        return everybody[offset : offset + limit]

    def explain(self, metric: str, before: tuple[date, date], after: tuple[date, date]) -> Explanation:
        one, other = (self.over(metric, [days]).values[0].value for days in (before, after))
        assert one is not None
        assert other is not None
        half = (other - one) / 2
        shares = [Share("signups", "whole", one, other, half), Share("channel", "rest", None, None, half, "restated")]
        mix = [Share("ads", "mix", one, other, half), Share("ads", "rate", one, other, half)]
        return Explanation(metric, one, other, shares, {"channel": mix})

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach:
        for part in filters:
            self._check(part.dimension)
        days = [first + n * DAY for n in range((last - first).days + 1)]
        return FunnelReach({day: [30, 10, 6, 1] for day in days}, [300, 100, 60, 10], [None, 400.0, 5_000.0, 90_000.0])

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]:
        return self.outcomes

    def best_and_churned(self, first: date, last: date) -> BestAndChurned:
        actions = [ActionContrast("Task Completed", 18, 9), ActionContrast("Report Shared", 15, 1)]
        return BestAndChurned(20, 10, actions)

    def dimensions(self) -> Sequence[str]:
        return ("channel", "plan", "country", "account", "role", "industry", "size")

    def segment_values(self, dimension: str, limit: int = 50) -> Sequence[str | None]:
        self._check(dimension)
        return list(SHARES)[:limit]

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        self.stored.extend(rows)
        return len(rows)

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]:
        return [row for row in self.stored if row.fact == fact and first <= row.day <= last]

    def _check(self, dimension: str) -> None:
        if dimension not in self.dimensions() and not dimension.startswith("property."):
            raise UnknownDimension(f'there is no dimension "{dimension}"; there are {", ".join(self.dimensions())}')

    def _value(self, metric: MetricDefinition, first: date, last: date, share: Decimal) -> Value:
        """A sum over the days of what grows with them, else the last day's; rates are the same in every segment."""
        last = min(last, self.today)
        grows = span_of(metric, self.known.metrics) is not None
        days = [first + n * DAY for n in range((last - first).days + 1)] if grows else [last]
        total = sum((Decimal(str(_daily(metric, day))) for day in days), Decimal(0))
        if metric.unit == "ratio":
            return Value(first, total * share * 1000, 1000 * share, total if share else None, version=metric.version)
        return Value(first, total * share, None, total * share, version=metric.version)


def _daily(metric: MetricDefinition, day: date) -> float:
    """A slowly growing number with waves, different for each metric."""
    seed, n = crc32(metric.id.encode()) % 100, (day - date(2025, 1, 1)).days
    size = _SIZES.get(metric.unit, 100.0) * (0.6 + seed / 100)
    if metric.unit == "ratio":
        return round(min(0.95, size * (1 + 0.1 * sin(n / 9 + seed))), 4)
    return round(size * (1 + n / 900) * (1 + 0.1 * sin(n / 9 + seed)), 2)


def buckets(first: date, last: date, grain: str) -> Iterator[tuple[date, date]]:
    """Whole days, ISO weeks or months that have a day in the range."""
    start = first
    if grain == "week":
        start -= start.weekday() * DAY
    elif grain == "month":
        start = start.replace(day=1)
    while start <= last:
        end = start
        if grain == "week":
            end += 6 * DAY
        elif grain == "month":
            end = (start + 31 * DAY).replace(day=1) - DAY
        yield start, end
        start = end + DAY
