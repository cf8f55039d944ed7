"""Answers everything that boards, the read API and the digest ask of the catalogue (`schemas.measuring.Measures`).

Puts the answers together; who computes and keeps what is in the parts.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from metrics.asked import SegmentReader
from metrics.asking import Bucket, Computer, Pair
from metrics.doubts import IntakeReader
from metrics.evaluation import Ranking, SegmentValues, Span, evaluate_segments, evaluate_whole, value_from
from metrics.formula import Formula, Leaf, leaves_of
from metrics.keeper import PointKeeper
from metrics.periods import bucket_before, buckets_of, cut, days_of, range_before
from metrics.published import Place
from metrics.publishing import Publication, Publisher, said_by
from metrics.shelf import Edition, Shelf
from metrics.why import Asked, Explainer, Reading
from schemas.catalogue import Catalogue
from schemas.measuring import (
    BestAndChurned,
    CohortQuestion,
    CohortTable,
    Explanation,
    FactRow,
    FunnelReach,
    Grain,
    MeasuredSeries,
    Member,
    NotComputable,
    Segment,
    SeriesQuestion,
    Value,
    VariantOutcome,
)

_ALL_SEGMENTS = 1_000_000
"""More than there are: those who explain a change unite the small ones themselves."""


class Drilling(Protocol):
    """Whatever is asked beyond values over time; each method as in `Measures`, `formula` in place of the metric."""

    def cohorts(self, question: CohortQuestion, today: date) -> CohortTable: ...

    def members(self, formula: Formula, question: SeriesQuestion, limit: int, offset: int) -> Sequence[Member]: ...

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach: ...

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]: ...

    def best_and_churned(self, first: date, last: date) -> BestAndChurned: ...

    def dimensions(self) -> Sequence[str]: ...

    def segment_values(self, dimension: str, limit: int) -> Sequence[str | None]: ...

    def write_facts(self, rows: Sequence[FactRow]) -> int: ...

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]: ...


@dataclass(frozen=True, slots=True)
class MeasuringParts:
    """What `CatalogueMeasures` is made of. `findings`: what is wrong with the files of the catalogue.

    Without `intake` nothing is explained.
    """

    shelf: Shelf
    findings: Callable[[], Sequence[str]]
    keeper: PointKeeper
    publisher: Publisher
    computer: Computer
    drilling: Drilling
    intake: IntakeReader | None = None


class CatalogueMeasures:
    """Implements `schemas.measuring.Measures`."""

    def __init__(self, parts: MeasuringParts) -> None:
        self._parts = parts
        self._keeper = parts.keeper
        self._drilling = parts.drilling

    def catalogue(self) -> Catalogue:
        return self._parts.shelf.catalogue()

    def findings(self) -> Sequence[str]:
        return self._parts.findings()

    def one_moment(self) -> AbstractContextManager[None]:
        return self._keeper.moment.hold()

    def series(self, question: SeriesQuestion) -> MeasuredSeries:
        with self._keeper.moment.hold():
            return self._series(question)

    def _series(self, question: SeriesQuestion) -> MeasuredSeries:
        look = self._keeper.look()
        edition = self._edition()
        publication, formula = self._metric(edition, question.metric)
        buckets = buckets_of(question.first, question.last, question.grain, look.today)
        spans = [Span(bucket, bucket_before(bucket.first, question.grain)) for bucket in buckets]
        pairs = self._whole(formula, spans, question.filters)
        if question.filters:
            values = _values(pairs, spans, publication)
        else:
            values = self._published_values(publication, question.grain, list(zip(spans, pairs, strict=True)))
        ranking = Ranking(question.top, None, question.split)
        return MeasuredSeries(
            values, self._segments(formula, publication, spans, question.filters, question.split, ranking)
        )

    def over(
        self,
        metric: str,
        ranges: Sequence[tuple[date, date]],
        filters: tuple[Segment, ...] = (),
        split: str = "",
        top: int = 8,
    ) -> MeasuredSeries:
        ranking = Ranking(top, 1, split)
        with self._keeper.moment.hold():
            return self._over(metric, ranges, filters, split, ranking)

    def _over(
        self,
        metric: str,
        ranges: Sequence[tuple[date, date]],
        filters: tuple[Segment, ...],
        split: str,
        ranking: Ranking,
    ) -> MeasuredSeries:
        look = self._keeper.look()
        publication, formula = self._metric(self._edition(), metric)
        spans = [Span(cut(first, last, look.today), range_before(first, last)) for first, last in ranges]
        pairs = self._whole(formula, spans, filters)
        values = _values(pairs, spans, publication)
        if not filters:
            values = [_restated(value, publication, span) for value, span in zip(values, spans, strict=True)]
        return MeasuredSeries(values, self._segments(formula, publication, spans, filters, split, ranking))

    def complete_through_ms(self, metric: str) -> int | None:
        edition = self._edition()
        edition.metric(metric)
        formula = edition.formulas.get(metric)
        return self._keeper.complete_through_ms(leaves_of(formula)) if formula is not None else None

    def cohorts(self, question: CohortQuestion) -> CohortTable:
        return self._drilling.cohorts(question, self._keeper.look().today)

    def members(self, question: SeriesQuestion, limit: int, offset: int = 0) -> Sequence[Member]:
        return self._drilling.members(self._edition().formula(question.metric), question, limit, offset)

    def explain(self, metric: str, before: tuple[date, date], after: tuple[date, date]) -> Explanation:
        intake = self._parts.intake
        if intake is None:
            raise NotComputable("nobody knows what came in")
        look, edition = self._keeper.look(), self._edition()
        spans = [Span(cut(first, last, look.today), range_before(first, last)) for first, last in (before, after)]
        asked = Asked(metric, self._metric(edition, metric)[1], (spans[0], spans[1]))
        return Explainer(self._reading(edition), intake).explain(asked, edition.catalogue, edition.formulas)

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach:
        return self._drilling.funnel(funnel, first, last, filters)

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]:
        return self._drilling.experiment(experiment, conversion, first, last)

    def best_and_churned(self, first: date, last: date) -> BestAndChurned:
        return self._drilling.best_and_churned(first, last)

    def dimensions(self) -> Sequence[str]:
        return self._drilling.dimensions()

    def segment_values(self, dimension: str, limit: int = 50) -> Sequence[str | None]:
        return self._drilling.segment_values(dimension, limit)

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        return self._drilling.write_facts(rows)

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]:
        return self._drilling.facts(fact, first, last)

    def _reading(self, edition: Edition) -> Reading:
        def by_segment(formula: Formula, spans: Sequence[Span], split: str) -> Sequence[SegmentValues]:
            asked = SegmentReader(self._keeper, self._parts.computer, (), split, isinstance(formula, Leaf))
            rows = evaluate_segments(formula, spans, asked.segments, Ranking(_ALL_SEGMENTS))
            asked.check()
            return rows

        def is_restated(metric: str, bucket: Bucket) -> bool:
            known = edition.publications.get(metric)
            return known is not None and _is_restated(known, bucket)

        return Reading(
            lambda formula, spans: self._whole(formula, spans, ()),
            by_segment,
            self.dimensions,
            lambda formula: self._keeper.complete_through_ms(leaves_of(formula)),
            is_restated,
        )

    def _edition(self) -> Edition:
        return self._parts.shelf.current()

    def _metric(self, edition: Edition, metric: str) -> tuple[Publication, Formula]:
        edition.metric(metric)
        formula = edition.formula(metric)
        return edition.publications[metric], formula

    def _whole(self, formula: Formula, spans: Sequence[Span], filters: tuple[Segment, ...]) -> list[Pair]:
        if not filters:
            return evaluate_whole(
                formula, spans, lambda leaf, buckets: self._keeper.read(leaf, buckets, self._parts.computer)
            )
        asked = SegmentReader(self._keeper, self._parts.computer, filters, is_alone=isinstance(formula, Leaf))
        pairs = evaluate_whole(formula, spans, asked.whole)
        asked.check()
        return pairs

    def _segments(
        self,
        formula: Formula,
        publication: Publication,
        spans: Sequence[Span],
        filters: tuple[Segment, ...],
        split: str,
        ranking: Ranking,
    ) -> list[tuple[Segment, Sequence[Value]]]:
        if not split:
            return []
        asked = SegmentReader(self._keeper, self._parts.computer, filters, split, isinstance(formula, Leaf))
        rows = evaluate_segments(formula, spans, asked.segments, replace(ranking, others=asked.others))
        asked.check()
        return [(Segment(split, row.segment), _values(row.pairs, spans, publication)) for row in rows]

    def _published_values(
        self, publication: Publication, grain: Grain, pairs: Sequence[tuple[Span, Pair]]
    ) -> list[Value]:
        """Values of buckets that an earlier version has published are those that it made."""
        self._parts.publisher.load(publication)
        values = []
        for (bucket, _), pair in pairs:
            place = Place(grain, bucket.first)
            version, earlier = said_by(publication, bucket, place)
            restated = (version, place) in publication.restated
            values.append(value_from(earlier or pair, bucket, version, restated))
        return values


def _values(pairs: Sequence[Pair], spans: Sequence[Span], publication: Publication) -> list[Value]:
    version = publication.metric.version
    return [value_from(pair, span.bucket, version) for pair, span in zip(pairs, spans, strict=True)]


def _restated(value: Value, publication: Publication, span: Span) -> Value:
    """Marked if any of its days was restated."""
    return replace(value, restated=True) if _is_restated(publication, span.bucket) else value


def _is_restated(publication: Publication, bucket: Bucket) -> bool:
    version, restated = publication.metric.version, publication.restated
    return bool(restated) and any((version, Place("day", day)) in restated for day in days_of(bucket))
