"""Answers about metrics as plain data: catalogue entries, series, members, and why a value moved.

Does not measure, and does not answer requests.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from dashboard.asking import ApiContext, SeriesAsked, measure
from dashboard.decimals import decimals_of
from dashboard.moments import Today, instant
from dashboard.periods import Days
from dashboard.points import Judge, grain_days, judge_of, number, points_of
from dashboard.questions import next_offset
from dashboard.texts import said_in
from schemas.catalogue import Label, MetricDefinition
from schemas.definitions import Language
from schemas.measuring import OTHERS, Lever, MeasuredSeries, Member, SeriesQuestion, Share

SERIES_COLUMNS = (
    "metric",
    "bucket",
    "value",
    "numerator",
    "denominator",
    "status",
    "settled",
    "restated",
    "maturing",
    "version",
)


def catalogue_entry(metric: MetricDefinition, language: Language | None = None) -> dict[str, Any]:
    """Every field of a definition but how it is computed inside; texts in every language, or in the one asked for."""
    target, objective, benchmark = metric.target, metric.objective, metric.benchmark
    return {
        "metric": metric.id,
        "label": _said(metric.label, language),
        "definition": _said(metric.definition, language),
        "definition_version": metric.version,
        "unit": metric.unit,
        "decimals": decimals_of(metric),
        "owner": metric.owner,
        "direction": metric.direction,
        "target": number(target.value),
        "target_condition": target.condition or None,
        "target_met": target.is_met if target.condition else None,
        "target_by": target.by,
        "orange": number(metric.orange),
        "red": number(metric.red),
        "per": metric.per or None,
        "role": metric.role or None,
        "timing": metric.timing or None,
        "stage": metric.stage,
        "source": metric.source,
        "formula": metric.formula,
        "decision": _said(metric.decision, language),
        "objective": None
        if objective is None
        else {"text": _said(objective.text, language), "baseline": number(objective.baseline)},
        "benchmark": None
        if benchmark is None
        else {"value": number(benchmark.value), "source": benchmark.source, "at": benchmark.at},
        "hypothesis": metric.hypothesis,
        "lifecycle": metric.lifecycle,
        "review_by": metric.review_by,
        "refresh_seconds": metric.refresh_seconds,
    }


def _said(label: Label, language: Language | None) -> Label | str:
    if language is None:
        return label
    return said_in(label, language) if label else ""


def series_answer(
    context: ApiContext, asked: SeriesAsked, today: Today, language: Language | None = None
) -> dict[str, Any]:
    """The contract's shape; `segments` only when something splits, texts only in a language asked for. Blocks."""
    through_ms, series = measure(context, asked, today)
    metrics, days = context.metrics(), grain_days(asked.grain)
    judge = judge_of(asked.metric, metrics, days, today, through_ms, bool(asked.segments.filters))
    of_segments = judge_of(asked.metric, metrics, days, today, through_ms, is_segment=True)
    answer: dict[str, Any] = {
        "metric": asked.metric.id,
        "definition_version": asked.metric.version,
        "unit": asked.metric.unit,
        "grain": asked.grain,
        "timezone": context.workspace.stream.timezone,
        "complete_through": instant(through_ms),
        "points": points_of(judge, asked.days, asked.grain, series.values),
    }
    if language is not None:
        texts = {"label": asked.metric.label, "definition": asked.metric.definition}
        answer |= {name: said_in(text, language) for name, text in texts.items()}
    return answer | ({"segments": _segments(of_segments, asked, series)} if asked.segments.split else {})


def _segments(judge: Judge, asked: SeriesAsked, series: MeasuredSeries) -> list[dict[str, Any]]:
    return [
        {
            "dimension": segment.dimension,
            "value": segment.value,
            "others": segment.value == OTHERS,
            "points": points_of(judge, asked.days, asked.grain, values),
        }
        for segment, values in series.segments
    ]


def series_rows(answer: dict[str, Any]) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Header and rows of a series answer for a spreadsheet: one row a bucket, or a bucket and segment."""
    split = answer.get("segments")
    header = SERIES_COLUMNS if split is None else (*SERIES_COLUMNS, "dimension", "segment")
    groups: list[tuple[list[dict[str, Any]], tuple[str | None, ...]]] = [(answer["points"], ())]
    if split is not None:
        groups = [(segment["points"], (segment["dimension"], segment["value"])) for segment in split]
    return header, (
        (answer["metric"], *(point[name] for name in SERIES_COLUMNS[1:]), *extra)
        for points, extra in groups
        for point in points
    )


def members_answer(context: ApiContext, question: SeriesQuestion, limit: int, offset: int) -> dict[str, Any]:
    """Who is behind a metric, the largest contribution first. Blocks."""
    members = context.measures.members(question, limit + 1, offset)
    return {
        "metric": question.metric,
        "from": question.first,
        "to": question.last,
        "members": [_member(member) for member in members[:limit]],
        "limit": limit,
        "offset": offset,
        "next": next_offset(len(members), limit, offset),
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "contribution": number(member.contribution),
        "attributes": dict(member.attributes),
    }


def member_rows(answer: dict[str, Any]) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Header and rows for a spreadsheet: a column for every attribute that any of them has."""
    members = answer["members"]
    names = sorted({name for member in members for name in member["attributes"]})
    return ("id", "contribution", *names), (
        (member["id"], member["contribution"], *(member["attributes"].get(name) for name in names))
        for member in members
    )


def why_answer(context: ApiContext, metric: MetricDefinition, before: Days, after: Days) -> dict[str, Any]:
    """Each input's and each segment's share of a change; the shares of each list add up to it. Blocks."""
    found = context.measures.explain(metric.id, (before.first, before.last), (after.first, after.last))
    is_known = found.before is not None and found.after is not None
    return {
        "metric": metric.id,
        "unit": metric.unit,
        "from": after.first,
        "to": after.last,
        "previous_from": before.first,
        "previous_to": before.last,
        "before": number(found.before),
        "after": number(found.after),
        "change": number(found.after - found.before) if is_known else None,  # type: ignore[operator]
        "inputs": [_share(share) for share in found.inputs],
        "segments": {dimension: [_share(share) for share in shares] for dimension, shares in found.segments.items()},
        "levers": [_lever(lever) for lever in found.levers],
    }


def _lever(lever: Lever) -> dict[str, Any]:
    return {
        "metric": lever.metric,
        "before": number(lever.before),
        "after": number(lever.after),
        "suspect": lever.suspect or None,
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "name": share.name or None,
        "part": share.part,
        "before": number(share.before),
        "after": number(share.after),
        "share": number(share.share),
        "suspect": share.suspect or None,
    }
