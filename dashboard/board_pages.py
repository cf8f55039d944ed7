"""The pages of boards, metrics and the tree: their addresses and the scripts that fill them.

Does not read numbers: the scripts ask for them through `/view/…`, so that a page is there before its numbers are.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.shell import Page, Shell
from dashboard.texts import texts_of

Lang = Annotated[str | None, Query(alias="lang", description="en or fr; else the workspace's language.")]


def board_page_routes(shell: Shell) -> APIRouter:
    """The pages; free on loopback, beyond it they need the secret key or a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    @router.head("/")
    async def show_opening_board(request: Request, lang: Lang = None) -> Response:
        """The board that the workspace opens on."""
        title = texts_of(shell.language(lang))["nav_overview"]
        return shell.show(request, lang, Page("board", title, "board_page", "/", {"board": ""}))

    @router.get("/boards")
    @router.head("/boards")
    async def show_library(request: Request, lang: Lang = None) -> Response:
        """All boards by preset, and the metrics that no open board shows."""
        title = texts_of(shell.language(lang))["nav_boards"]
        return shell.show(request, lang, Page("library", title, "library_page", "/boards"))

    @router.get("/boards/{board_id}")
    @router.head("/boards/{board_id}")
    async def show_board(request: Request, board_id: str, lang: Lang = None) -> Response:
        return shell.show(request, lang, Page("board", board_id, "board_page", "/boards", {"board": board_id}))

    @router.get("/metrics/{metric_id}")
    @router.head("/metrics/{metric_id}")
    async def show_metric(request: Request, metric_id: str, lang: Lang = None) -> Response:
        return shell.show(request, lang, Page("metric", metric_id, "metric_page", "", {"metric": metric_id}))

    @router.get("/tree")
    @router.head("/tree")
    async def show_tree(request: Request, lang: Lang = None) -> Response:
        """The north star and the inputs that move it."""
        title = texts_of(shell.language(lang))["nav_tree"]
        return shell.show(request, lang, Page("tree", title, "tree_page", "/tree"))

    return router
