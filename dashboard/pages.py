"""The live page at /live, its data and stream, the way in beyond loopback, and the files of all pages.

Does not render numbers: the page fetches and formats them. The boards' pages are in `board_pages`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from dashboard.access import COOKIE, SESSION_SECONDS, Access, KeyKind
from dashboard.failures import Failure, Reason
from dashboard.json_answers import dumps
from dashboard.live import LiveFeed
from dashboard.metrics import catalogue
from dashboard.shell import Shell, back_to, html_answer
from dashboard.static_files import read_static_files, static_answer
from dashboard.texts import LOCALES, said_in, texts_of
from schemas.definitions import Language, Workspace

MAX_LOGIN_BYTES = 4096

_TEMPLATES = Path(__file__).parent / "templates"

Lang = Annotated[str | None, Query(alias="lang", description="en or fr; else the workspace's language.")]


@dataclass(frozen=True, slots=True)
class PagesContext:
    workspace: Workspace
    feed: LiveFeed
    access: Access
    shell: Shell


def page_routes(context: PagesContext) -> APIRouter:
    """The live page and what all pages need; free on loopback, beyond it they need the secret key or a session."""
    router = APIRouter(include_in_schema=False)
    _add_live(router, context)
    _add_login(router, context)
    _add_data(router, context)
    return router


def _add_live(router: APIRouter, context: PagesContext) -> None:
    board = Template((_TEMPLATES / "live.html").read_text())

    @router.get("/live")
    @router.head("/live")
    async def show_board(request: Request, lang: Lang = None) -> Response:
        language = context.shell.language(lang)
        if not context.access.may_view(request):
            return context.shell.ask_for_key(language, 401, back=f"/live?lang={language}")
        texts = texts_of(language)
        tools = f'<a class="icon" href="/api/docs">{escape(texts["api_docs"])}</a>'
        around = context.shell.surroundings(language, texts["title"], "/live", tools)
        return html_answer(context.shell.rendered(board, language, around))


def _add_login(router: APIRouter, context: PagesContext) -> None:
    @router.post("/live/login")
    async def log_in(request: Request, lang: Lang = None, back: str = "") -> Response:
        language = context.shell.language(lang)
        kind = context.access.kind_of(await _key_of_form(request))
        if kind is not KeyKind.SECRET:
            return context.shell.ask_for_key(language, 403 if kind is KeyKind.WRITE else 401, kind, back)
        answer = RedirectResponse(back_to(back, f"/?lang={language}"), 303)
        answer.set_cookie(
            COOKIE,
            context.access.new_session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


def _add_data(router: APIRouter, context: PagesContext) -> None:
    files = read_static_files()
    viewer = Depends(context.access.require_viewer)

    @router.head("/live/data", dependencies=[viewer])
    @router.get("/live/data", dependencies=[viewer])
    async def read_board(lang: Lang = None) -> Response:
        """Everything the page shows, once: its words and every section."""
        language = context.shell.language(lang)
        parts = {"workspace": dumps(_introduction(context.workspace, language)), **await context.feed.snapshot()}
        members = (dumps(name) + b":" + content for name, content in parts.items())
        return Response(b"{" + b",".join(members) + b"}", 200, {"Cache-Control": "no-store"}, "application/json")

    @router.get("/live/stream", dependencies=[viewer])
    async def stream_board() -> Response:
        """Server-sent events: every section at once, then each as it changes."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(context.feed.watch(), headers=headers, media_type="text/event-stream")

    @router.head("/static/{path:path}", dependencies=[viewer])
    @router.get("/static/{path:path}", dependencies=[viewer])
    async def read_file(request: Request, path: str) -> Response:
        file = files.get(path)
        if file is None:
            raise Failure(Reason.NOT_FOUND, "there is no such file")
        return static_answer(file, request)


def _introduction(workspace: Workspace, language: Language) -> Mapping[str, Any]:
    metrics = catalogue(workspace).values()
    steps = {funnel.id: [said_in(step.label, language) for step in funnel.steps] for funnel in workspace.stream.funnels}
    return {
        "name": workspace.name,
        "timezone": workspace.stream.timezone,
        "locale": LOCALES[language],
        "texts": texts_of(language),
        "metrics": {
            metric.id: {
                "label": said_in(metric.label, language),
                "definition": said_in(metric.definition, language),
                "direction": metric.direction,
            }
            for metric in metrics
        },
        "funnels": {funnel.id: said_in(funnel.label, language) for funnel in workspace.stream.funnels},
        "steps": steps,
    }


async def _key_of_form(request: Request) -> str:
    """The field `key` of a small form body.

    Raises:
        Failure: 413 for a body larger than any key.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_LOGIN_BYTES:
            raise Failure(Reason.TOO_LARGE, f"a login has at most {MAX_LOGIN_BYTES} bytes")
    return parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip()
