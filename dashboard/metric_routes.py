"""Routes about metrics: the catalogue, series as JSON and CSV, who is behind a number, why it moved.

Does not shape answers: see `metric_answers`.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from dashboard.asking import ApiContext, SeriesAsked
from dashboard.catalogue_shapes import Catalogue, Members, MetricSeries, Why
from dashboard.json_answers import json_answer
from dashboard.metric_answers import (
    catalogue_entry,
    member_rows,
    members_answer,
    series_answer,
    series_rows,
    why_answer,
)
from dashboard.metrics import Edition
from dashboard.periods import Days, Grain, read_range
from dashboard.questions import (
    MAX_PAGE,
    First,
    Lang,
    Last,
    Limit,
    Offset,
    SegmentText,
    Top,
    compared,
    next_offset,
    read_filters,
    read_segments,
)
from dashboard.shapes import CSV, NOT_COMPUTABLE, UNKNOWN
from dashboard.spreadsheets import MAX_MEMBERS_IN_A_FILE, csv_answer
from schemas.measuring import SeriesQuestion

MetricId = Annotated[str, Path(examples=["dau"])]
GrainAsked = Annotated[Grain, Query(description="Weeks start on Monday (ISO), months on the first.")]
EditionAsked = Annotated[
    Edition, Query(description="`first`: as first published (streamed metrics); `now`: as known now.")
]


def add_metric_routes(router: APIRouter, context: ApiContext) -> None:
    """`.csv` routes come first: an id has no dot, but a path does not know that."""
    _add_catalogue(router, context)
    _add_files(router, context)
    _add_series(router, context)
    _add_drill_down(router, context)


def _add_catalogue(router: APIRouter, context: ApiContext) -> None:
    @router.get("/metrics", response_model=Catalogue, tags=["metrics"])
    async def list_metrics(limit: Limit = MAX_PAGE, offset: Offset = 0, lang: Lang = None) -> Response:
        """The metric catalogue: every field of every definition, texts in each language or, with `lang`, in one."""
        metrics = list(context.metrics().values())[offset : offset + limit + 1]
        entries = [catalogue_entry(metric, lang) for metric in metrics[:limit]]
        return json_answer({"metrics": entries, "next": next_offset(len(metrics), limit, offset)})


def _add_files(router: APIRouter, context: ApiContext) -> None:
    @router.get("/metrics/{metric_id}.csv", response_class=Response, tags=["metrics"], responses=UNKNOWN | CSV)
    async def read_metric_file(
        metric_id: MetricId,
        first: First = None,
        last: Last = None,
        grain: GrainAsked = "day",
        as_of: EditionAsked = "now",
        segment: SegmentText = None,
        top: Top = 8,
    ) -> Response:
        """A metric over time for a spreadsheet: one row a bucket, or one a bucket and segment."""
        today = context.clock.today()
        days = read_range(first, last, today.day)
        asked = SeriesAsked(context.metric(metric_id), days, grain, as_of, read_segments(segment), top)
        answer = await context.reader.ask(series_answer, context, asked, today)
        return csv_answer(metric_id, *series_rows(answer))

    @router.get("/metrics/{metric_id}/members.csv", response_class=Response, tags=["metrics"], responses=UNKNOWN | CSV)
    async def read_members_file(
        metric_id: MetricId, first: First = None, last: Last = None, segment: SegmentText = None
    ) -> Response:
        """Who is behind a metric, for a spreadsheet: the 10,000 with the largest contribution."""
        question = _members_question(context, metric_id, first, last, segment)
        answer = await context.reader.ask(members_answer, context, question, MAX_MEMBERS_IN_A_FILE, 0)
        return csv_answer(f"{metric_id}_members", *member_rows(answer))


def _add_series(router: APIRouter, context: ApiContext) -> None:
    @router.get(
        "/metrics/{metric_id}", response_model=MetricSeries, tags=["metrics"], responses=UNKNOWN | NOT_COMPUTABLE
    )
    async def read_metric(
        metric_id: MetricId,
        first: First = None,
        last: Last = None,
        grain: GrainAsked = "day",
        as_of: EditionAsked = "now",
        segment: SegmentText = None,
        top: Top = 8,
        lang: Lang = None,
    ) -> Response:
        """A metric over time: every bucket of the range, counts 0 and rates null where there is nothing.

        A week or month is always whole: actives, stickiness and balances take the value of its last day (or today),
        counts are sums of its days, rates come from sums.
        """
        today = context.clock.today()
        days = read_range(first, last, today.day)
        asked = SeriesAsked(context.metric(metric_id), days, grain, as_of, read_segments(segment), top)
        return json_answer(await context.reader.ask(series_answer, context, asked, today, lang))


def _add_drill_down(router: APIRouter, context: ApiContext) -> None:
    @router.get(
        "/metrics/{metric_id}/members", response_model=Members, tags=["metrics"], responses=UNKNOWN | NOT_COMPUTABLE
    )
    async def read_members(
        metric_id: MetricId,
        first: First = None,
        last: Last = None,
        segment: SegmentText = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """The persons or accounts behind a metric over a range, the largest contribution first."""
        question = _members_question(context, metric_id, first, last, segment)
        return json_answer(await context.reader.ask(members_answer, context, question, limit, offset))

    @router.get("/metrics/{metric_id}/why", response_model=Why, tags=["metrics"], responses=UNKNOWN | NOT_COMPUTABLE)
    async def read_why(
        metric_id: MetricId,
        first: First = None,
        last: Last = None,
        previous_first: Annotated[
            str | None,
            Query(alias="previous_from", description="First day to compare with; as long before when absent."),
        ] = None,
        previous_last: Annotated[
            str | None, Query(alias="previous_to", description="Last day to compare with; the day before `from`.")
        ] = None,
    ) -> Response:
        """Why a metric moved between two periods: each input's and each segment's share of the change."""
        metric = context.described(metric_id)
        after = read_range(first, last, context.clock.today().day)
        before = _previous(previous_first, previous_last, after)
        return json_answer(await context.reader.ask(why_answer, context, metric, before, after))


def _previous(first: str | None, last: str | None, after: Days) -> Days:
    """The period to compare with: of equal length just before, unless the caller says otherwise."""
    usual = compared(after).previous
    if first is None and last is None:
        return usual
    return read_range(first or usual.first.isoformat(), last or usual.last.isoformat(), after.last, "previous_")


def _members_question(
    context: ApiContext, metric_id: str, first: str | None, last: str | None, segment: str | None
) -> SeriesQuestion:
    days = read_range(first, last, context.clock.today().day)
    return SeriesQuestion(context.described(metric_id).id, days.first, days.last, filters=read_filters(segment))
