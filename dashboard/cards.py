"""One metric as boards and the tree show it: its value over a period, what it was before, its colour, its texts.

Does not ask the warehouse by itself: `schemas.measuring.Measures` is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dashboard.changes import change_of, change_unit
from dashboard.decimals import decimals_of
from dashboard.moments import Today
from dashboard.periods import Days, Grain, last_days
from dashboard.points import Judge, judge_of, number
from dashboard.questions import Comparison, compared
from dashboard.texts import said_in
from schemas.catalogue import Label, MetricDefinition
from schemas.colours import Span, fits, span_of
from schemas.definitions import Language
from schemas.measuring import OTHERS, Measures, NotComputable, Segment, SeriesQuestion, UnknownDimension, Value

_LONGEST_MATURING_DAYS = 400
"""So far back mature cohorts are looked for."""

_SPAN_DAYS: Mapping[Span, int] = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class CardSource:
    """What the cards of one request are made from. `data_since`: the first day with data, None while there is none."""

    measures: Measures
    metrics: Mapping[str, MetricDefinition]
    today: Today
    data_since: date | None
    language: Language
    filters: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric over its card's days and the two ranges they are compared with.

    `through_ms`: how far the values are complete.
    """

    days: Days
    current: Value
    previous: Decimal | None
    last_year: Decimal | None
    through_ms: int | None


def read_card(source: CardSource, metric_id: str, days: Days, label: Label | None = None) -> dict[str, Any]:
    """A card without its trend; when it cannot be computed it says why in `error`, and the others are still shown."""
    metric = source.metrics.get(metric_id)
    if metric is None:
        return {"metric": metric_id, "label": metric_id, "error": "there is no such metric any more"}
    measured, error = None, None
    try:
        measured = _measure(source, metric, days)
    except (NotComputable, UnknownDimension) as problem:
        error = str(problem)
    window = measured.days if measured else window_of(metric, source.metrics, days)
    return _texts(source, metric, window, label or metric.label) | _numbers(source, metric, window, measured, error)


def read_trend(source: CardSource, metric_id: str, days: Days, grain: Grain) -> list[dict[str, Any]]:
    """The values of the buckets of a period; empty when the metric cannot be computed."""
    question = SeriesQuestion(metric_id, days.first, days.last, grain, source.filters)
    try:
        values = source.measures.series(question).values
    except (KeyError, NotComputable, UnknownDimension):
        return []
    return [
        {
            "bucket": value.bucket,
            "value": number(value.value),
            "maturing": value.is_maturing,
            "version": value.version,
        }
        for value in values
    ]


def read_segment_rows(source: CardSource, metric_id: str, days: Days, split: str, top: int = 8) -> list[dict[str, Any]]:
    """A metric over its card's days by segment, the largest first.

    Raises:
        NotComputable, UnknownDimension: as for the metric.
    """
    metric = source.metrics[metric_id]
    window = _measure(source, metric, days).days
    found = source.measures.over(metric_id, _ranges(compared(window))[:2], source.filters, split, top)
    judge = judge_of(metric, source.metrics, len(window), source.today, None, is_segment=True)
    return [
        {
            "segment": segment.value,
            "others": segment.value == OTHERS,
            "value": number(current.value),
            "previous": number(previous.value),
            "change": number(change_of(previous.value, current.value, metric.unit)),
            "status": judge.status(current),
        }
        for segment, (current, previous) in found.segments
    ]


def window_of(metric: MetricDefinition, metrics: Mapping[str, MetricDefinition], days: Days) -> Days:
    """The days whose value a card shows: the period; of a count that is expressly per week, the period's last week."""
    span = span_of(metric, metrics)
    if span is None or not metric.per or fits(span, len(days)) or _SPAN_DAYS[span] >= len(days):
        return days
    return last_days(days.last, _SPAN_DAYS[span])


def _measure(source: CardSource, metric: MetricDefinition, days: Days) -> Measured:
    window = window_of(metric, source.metrics, days)
    measured = _over(source, metric, window)
    if not measured.current.is_maturing:
        return measured
    mature = _latest_mature(source, metric, window)
    if mature is None:
        return measured
    earlier = _over(source, metric, mature)
    return earlier if earlier.current.denominator and not earlier.current.is_maturing else measured


def _over(source: CardSource, metric: MetricDefinition, window: Days) -> Measured:
    periods = compared(window)
    through_ms = source.measures.complete_through_ms(metric.id)
    current, previous, last_year = source.measures.over(metric.id, _ranges(periods), source.filters).values
    before = _known(source, periods.previous, previous), _known(source, periods.last_year, last_year)
    return Measured(window, current, *before, through_ms)


def _latest_mature(source: CardSource, metric: MetricDefinition, window: Days) -> Days | None:
    """The latest days, as many, whose cohorts are all mature; None while there are none.

    A rate with young cohorts in it is lower than the one before for no reason but their age. A day without a cohort
    says nothing about those before it: what counts is the first one that matures.
    """
    first = window.first - timedelta(days=_LONGEST_MATURING_DAYS)
    question = SeriesQuestion(metric.id, first, window.last, "day", source.filters)
    young = [value.bucket for value in source.measures.series(question).values if value.is_maturing]
    mature = min(young) - timedelta(days=1) if young else window.last
    return last_days(mature, len(window)) if mature >= first else None


def _ranges(periods: Comparison) -> Sequence[tuple[date, date]]:
    return [(days.first, days.last) for days in (periods.days, periods.previous, periods.last_year)]


def _known(source: CardSource, days: Days, value: Value) -> Decimal | None:
    """Before there was any data a count of 0 says nothing."""
    if not value.value and (source.data_since is None or days.last < source.data_since):
        return None
    return value.value


def _texts(source: CardSource, metric: MetricDefinition, window: Days, label: Label) -> dict[str, Any]:
    language = source.language
    objective = metric.objective
    return {
        "metric": metric.id,
        "label": said_in(label, language),
        "definition": said_in(metric.definition, language),
        "definition_version": metric.version,
        "formula": metric.formula,
        "unit": metric.unit,
        "decimals": decimals_of(metric),
        "owner": metric.owner,
        "decision": said_in(metric.decision, language) if metric.decision else "",
        "direction": metric.direction,
        "role": metric.role or None,
        "timing": metric.timing or None,
        "stage": metric.stage,
        "objective": said_in(objective.text, language) if objective else None,
        "baseline": number(objective.baseline) if objective else None,
        "from": window.first,
        "to": window.last,
    }


def _numbers(
    source: CardSource, metric: MetricDefinition, window: Days, measured: Measured | None, error: str | None
) -> dict[str, Any]:
    through_ms = measured.through_ms if measured else None
    judge = judge_of(metric, source.metrics, len(window), source.today, through_ms, bool(source.filters))
    value = measured.current if measured else Value(window.first, None, None, None, version=metric.version)
    previous, last_year = (measured.previous, measured.last_year) if measured else (None, None)
    return {
        **_aim(judge, metric),
        "value": number(value.value),
        "previous": number(previous),
        "last_year": number(last_year),
        "change": number(change_of(previous, value.value, metric.unit)),
        "last_year_change": number(change_of(last_year, value.value, metric.unit)),
        "change_unit": change_unit(metric.unit),
        "status": judge.status(value),
        "settled": source.today.is_settled(window.last, judge.completeness),
        "restated": value.restated,
        "maturing": bool(measured) and value.is_maturing,
        "version": value.version,
        "error": error,
    }


def _aim(judge: Judge, metric: MetricDefinition) -> dict[str, Any]:
    """A target for another span of time than that of the value would be compared with it wrongly."""
    target = metric.target
    return {
        "target": number(target.value) if judge.is_comparable else None,
        "target_condition": target.condition or None,
        "target_met": target.is_met if target.condition else None,
        "target_by": target.by,
        "per": metric.per or None,
    }
