"""Routes of what is put together from metrics: boards, the tree, cohorts, experiments, segments.

Does not compose answers: see `board_data`, `tree`, `retention`, `experiment_answers`.
"""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from dashboard.asking import ApiContext
from dashboard.board_data import BoardQuestion, board_entry, card_source, period_answer, read_board
from dashboard.board_shapes import Board, BoardList, Cohorts, Tree
from dashboard.experiment_answers import experiment_answer
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.periods import MAX_DAYS, Days, Grain, last_days, read_date, read_range
from dashboard.questions import First, Lang, Last, SegmentText, compared, read_filters
from dashboard.report_shapes import ExperimentReport, SegmentList
from dashboard.retention import last_cohorts, retention_answer
from dashboard.shapes import UNKNOWN
from dashboard.tree import read_tree
from schemas.catalogue import BoardDefinition, Experiment
from schemas.measuring import CohortQuestion, Segment, UnknownDimension

DaysAsked = Annotated[
    int | None, Query(ge=1, le=MAX_DAYS, description="Length of the period; the board's when absent.")
]
SEGMENT_VALUES = 50
MAX_COHORT_DAYS = 10_000
"""Cohorts may be looked back at from their beginning: a hundred months, and as many more."""
_USUAL_DAYS = 28
_EVENT_PROPERTY = "property."


def add_board_routes(router: APIRouter, context: ApiContext) -> None:
    _add_boards(router, context)
    _add_tree(router, context)
    _add_retention(router, context)
    _add_experiments(router, context)
    _add_segments(router, context)


def _add_boards(router: APIRouter, context: ApiContext) -> None:
    @router.get("/boards", response_model=BoardList, tags=["boards"])
    async def list_boards(lang: Lang = None) -> Response:
        """The boards of the workspace, which of them opens, and the metrics that are on none of them."""
        catalogue, language = context.measures.catalogue(), context.language(lang)
        boards = [board_entry(board, language) for board in catalogue.boards.values()]
        shown = {metric for board in boards for metric in board["metrics"]}
        library = [metric for metric in context.metrics() if metric not in shown]
        return json_answer({"opening_board": catalogue.opening_board, "boards": boards, "library": library})

    @router.get("/boards/{board_id}", response_model=Board, tags=["boards"], responses=UNKNOWN)
    async def read_one_board(
        board_id: Annotated[str, Path(examples=["overview"])],
        last: Last = None,
        days: DaysAsked = None,
        grain: Annotated[Grain | None, Query(description="Of the trends; the board's when absent.")] = None,
        segment: SegmentText = None,
        lang: Lang = None,
    ) -> Response:
        """A whole board: every card over the period, the one before, and the same days a year before."""
        board = _board(context, board_id)
        today, filters = context.clock.today(), known_filters(context, segment)
        question = BoardQuestion(
            _period(last, days or board.period_days, today.day), grain or board.grain, context.language(lang), filters
        )
        return json_answer(await context.reader.ask(read_board, context, board, question, today))


def _board(context: ApiContext, board_id: str) -> BoardDefinition:
    board = context.measures.catalogue().boards.get(board_id)
    if board is None:
        raise Failure(Reason.NOT_FOUND, f'there is no board "{board_id[:100]}"')
    return board


def _period(last: str | None, days: int, today: date) -> Days:
    return last_days(read_date("to", last) if last is not None else today, days)


def known_filters(context: ApiContext, segment: str | None) -> tuple[Segment, ...]:
    """Filters for a whole board: a card that cannot be filtered so says so, a dimension that nothing has is refused.

    Raises:
        UnknownDimension: no metric has the dimension.
    """
    filters, dimensions = read_filters(segment), context.measures.dimensions()
    for part in filters:
        if part.dimension not in dimensions and not part.dimension.startswith(_EVENT_PROPERTY):
            known = ", ".join(dimensions) or "none"
            raise UnknownDimension(f'there is no dimension "{part.dimension[:100]}"; there are {known}')
    return filters


def _add_tree(router: APIRouter, context: ApiContext) -> None:
    @router.get("/tree", response_model=Tree, tags=["boards"])
    async def read_whole_tree(
        last: Last = None, days: DaysAsked = None, segment: SegmentText = None, lang: Lang = None
    ) -> Response:
        """The north star with the inputs that move it, live values and colours; `root` is null without a north star."""
        today, period = context.clock.today(), _period(last, days or _USUAL_DAYS, context.clock.today().day)
        filters, language = known_filters(context, segment), context.language(lang)

        def build() -> dict[str, Any]:
            source = card_source(context, today, language, filters)
            return {
                "period": period_answer(compared(period), "day"),
                "root": read_tree(source, context.measures.catalogue().tree, period),
            }

        return json_answer(await context.reader.ask(build))


def _add_retention(router: APIRouter, context: ApiContext) -> None:
    @router.get("/retention", response_model=Cohorts, tags=["metrics"])
    async def read_cohorts(
        first: First = None,
        last: Last = None,
        subject: Annotated[
            Literal["person", "customer"],
            Query(
                description="`person`: by signup, active later; `customer`: by first payment, still subscribed later."
            ),
        ] = "person",
        period: Annotated[Grain, Query(description="Of cohorts and of their cells.")] = "month",
        periods: Annotated[int, Query(ge=1, le=100, description="Columns beside that of the cohort itself.")] = 12,
        mode: Annotated[
            Literal["on", "on_or_after"], Query(description="Active in the period, or in it or any later one.")
        ] = "on",
        segment: SegmentText = None,
    ) -> Response:
        """Cohorts: sizes, who came back n periods later (running ones marked), the average weighted by size."""
        today = context.clock.today().day
        usual = last_cohorts(read_date("to", last) if last is not None else today, period, periods)
        days = read_range(first or usual.first.isoformat(), last, today, most_days=MAX_COHORT_DAYS)
        filters = read_filters(segment)
        question = CohortQuestion(days.first, days.last, period, periods, mode, subject, filters)
        return json_answer(await context.reader.ask(retention_answer, context.measures, question))


def _add_experiments(router: APIRouter, context: ApiContext) -> None:
    @router.get(
        "/experiments/{experiment_id:path}", response_model=ExperimentReport, tags=["boards"], responses=UNKNOWN
    )
    async def read_experiment(
        experiment_id: str,
        first: First = None,
        last: Last = None,
        conversion: Annotated[
            str | None, Query(description="The event that counts; that of the experiment's board when absent.")
        ] = None,
    ) -> Response:
        """Variants side by side: exposure, conversion and revenue after it, uplift with its interval, a verdict."""
        experiment = _experiment(context, experiment_id, conversion)
        days = read_range(first, last, context.clock.today().day)
        return json_answer(await context.reader.ask(experiment_answer, context.measures, experiment, days))


def _experiment(context: ApiContext, experiment_id: str, conversion: str | None) -> Experiment:
    if conversion:
        return Experiment(experiment_id, conversion)
    boards = context.measures.catalogue().boards.values()
    found = [board.experiment for board in boards if board.experiment and board.experiment.id == experiment_id]
    if not found:
        raise Failure(Reason.NOT_FOUND, "there is no board of this experiment; name the `conversion` event to count")
    return found[0]


def _add_segments(router: APIRouter, context: ApiContext) -> None:
    @router.get("/segments", response_model=SegmentList, tags=["metrics"])
    async def list_segments() -> Response:
        """What metrics can be split and filtered by, each with its 50 most frequent values (null: nobody said)."""

        def build() -> dict[str, Any]:
            measures = context.measures
            return {
                "dimensions": [
                    {"dimension": name, "values": list(measures.segment_values(name, SEGMENT_VALUES))}
                    for name in measures.dimensions()
                ]
            }

        return json_answer(await context.reader.ask(build))
