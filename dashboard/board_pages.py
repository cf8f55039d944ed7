"""The pages of boards, metrics and the tree: their addresses and the scripts that fill them; a board as a picture.

Does not read numbers for pages: their scripts ask for them through `/view/…`, so that a page is there before them.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.access import Access
from dashboard.asking import ApiContext
from dashboard.board_data import BoardQuestion, read_board
from dashboard.board_picture import draw_board
from dashboard.board_routes import known_filters
from dashboard.conditional import with_etag
from dashboard.failures import Failure, Reason
from dashboard.periods import MAX_DAYS, Grain, last_days, read_date
from dashboard.shell import Page, Shell
from dashboard.texts import said_in, texts_of
from dashboard.written_numbers import Spelling

Lang = Annotated[str | None, Query(alias="lang", description="en or fr; else the workspace's language.")]
_PICTURE_POLICY = "default-src 'none'; style-src 'none'; frame-ancestors 'none'"


def board_page_routes(context: ApiContext, shell: Shell, access: Access) -> APIRouter:
    """The pages; free on loopback, beyond it they need the secret key or a session."""
    router = APIRouter(include_in_schema=False)
    _add_picture(router, context, shell, access)
    _add_boards(router, context, shell)
    _add_metrics(router, context, shell)
    _add_customers(router, shell)
    return router


def _add_boards(router: APIRouter, context: ApiContext, shell: Shell) -> None:
    @router.get("/")
    @router.head("/")
    async def show_opening_board(request: Request, lang: Lang = None) -> Response:
        """The board that the workspace opens on."""
        board = context.measures.catalogue().opening_board
        return shell.show(request, lang, _board_page(context, shell, board, lang, "/"))

    @router.get("/boards")
    @router.head("/boards")
    async def show_library(request: Request, lang: Lang = None) -> Response:
        """All boards by preset, and all metrics, most of which wait there."""
        title = texts_of(shell.language(lang))["nav_boards"]
        return shell.show(request, lang, Page("library", title, "library_page", "/boards"))

    @router.get("/boards/{board_id}")
    @router.head("/boards/{board_id}")
    async def show_board(request: Request, board_id: str, lang: Lang = None) -> Response:
        return shell.show(request, lang, _board_page(context, shell, board_id, lang, "/boards"))


def _board_page(context: ApiContext, shell: Shell, board_id: str, lang: str | None, current: str) -> Page:
    """Of a board that is not there the page says so, with its status."""
    board = context.measures.catalogue().boards.get(board_id)
    title = said_in(board.label, shell.language(lang)) if board else board_id[:100]
    return Page("board", title, "board_page", current, {"board": board_id}, status=200 if board else 404)


def _add_metrics(router: APIRouter, context: ApiContext, shell: Shell) -> None:
    @router.get("/metrics/{metric_id}")
    @router.head("/metrics/{metric_id}")
    async def show_metric(request: Request, metric_id: str, lang: Lang = None) -> Response:
        metric = context.metrics().get(metric_id)
        title = said_in(metric.label, shell.language(lang)) if metric else metric_id[:100]
        status = 200 if metric else 404
        return shell.show(request, lang, Page("metric", title, "metric_page", "", {"metric": metric_id}, status=status))

    @router.get("/tree")
    @router.head("/tree")
    async def show_tree(request: Request, lang: Lang = None) -> Response:
        """The north star and the inputs that move it."""
        title = texts_of(shell.language(lang))["nav_tree"]
        return shell.show(request, lang, Page("tree", title, "tree_page", "/tree"))


def _add_customers(router: APIRouter, shell: Shell) -> None:
    @router.get("/customers")
    @router.head("/customers")
    async def show_customers(request: Request, lang: Lang = None) -> Response:
        """Who is at risk, and what the best customers do that those who left did not."""
        title = texts_of(shell.language(lang))["nav_customers"]
        return shell.show(request, lang, Page("customers", title, "customers_page", "/customers"))


def _add_picture(router: APIRouter, context: ApiContext, shell: Shell, access: Access) -> None:
    @router.get("/boards/{board_id}.svg")
    @router.head("/boards/{board_id}.svg")
    async def draw(
        request: Request,
        board_id: str,
        last: Annotated[str | None, Query(alias="to")] = None,
        days: Annotated[int | None, Query(ge=1, le=MAX_DAYS)] = None,
        grain: Grain | None = None,
        segment: str | None = None,
        lang: Lang = None,
    ) -> Response:
        """The board's key figures as SVG; asked as `/api/boards/{id}` is."""
        access.require_viewer(request)
        board = context.measures.catalogue().boards.get(board_id)
        if board is None:
            raise Failure(Reason.NOT_FOUND, f'there is no board "{board_id[:100]}"')
        today, language = context.clock.today(), shell.language(lang)
        period = last_days(read_date("to", last) if last is not None else today.day, days or board.period_days)
        filters = known_filters(context, segment)
        question = BoardQuestion(period, grain or board.grain, language, filters)
        answer = await context.reader.ask(read_board, context, board, question, today)
        spelling = Spelling(language, context.workspace.currency, texts_of(language))
        picture = draw_board(answer, context.metrics(), spelling)
        headers = {"Content-Security-Policy": _PICTURE_POLICY}
        return with_etag(request, Response(picture, headers=headers, media_type="image/svg+xml"))
