"""The pages: the live board at / and /live, its data and stream, the way in beyond loopback, and their files.

Does not render numbers: the page fetches and formats them. Nothing on a page comes from elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from secrets import token_urlsafe
from string import Template
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from dashboard.access import COOKIE, SESSION_SECONDS, Access, KeyKind
from dashboard.failures import Failure, Reason
from dashboard.json_answers import dumps
from dashboard.live import LiveFeed
from dashboard.metrics import catalogue
from dashboard.static_files import read_static_files, static_answer
from dashboard.texts import LANGUAGES, LOCALES, choose_language, said_in, texts_of
from schemas.definitions import Language, Workspace

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{style_nonce}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAX_LOGIN_BYTES = 4096

_TEMPLATES = Path(__file__).parent / "templates"

Lang = Annotated[str | None, Query(alias="lang", description="en or fr; else the workspace's language.")]


@dataclass(frozen=True, slots=True)
class PagesContext:
    workspace: Workspace
    feed: LiveFeed
    access: Access


def page_routes(context: PagesContext) -> APIRouter:
    """All pages; free on loopback, beyond it they need the secret key or a session opened with it."""
    router = APIRouter(include_in_schema=False)
    _add_board(router, context)
    _add_login(router, context)
    _add_data(router, context)
    return router


def _add_board(router: APIRouter, context: PagesContext) -> None:
    board = Template((_TEMPLATES / "live.html").read_text())

    @router.get("/")
    @router.get("/live")
    @router.head("/")
    @router.head("/live")
    async def show_board(request: Request, lang: Lang = None) -> Response:
        language = choose_language(lang, context.workspace.language)
        if not context.access.may_view(request):
            return _login_page(context.workspace, language, 401)
        return _page(_rendered(board, context.workspace, language))


def _add_login(router: APIRouter, context: PagesContext) -> None:
    @router.post("/live/login")
    async def log_in(request: Request, lang: Lang = None) -> Response:
        language = choose_language(lang, context.workspace.language)
        kind = context.access.kind_of(await _key_of_form(request))
        if kind is not KeyKind.SECRET:
            return _login_page(context.workspace, language, 403 if kind is KeyKind.WRITE else 401, kind)
        answer = RedirectResponse(f"/live?lang={language}", 303)
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
        language = choose_language(lang, context.workspace.language)
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


def _login_page(workspace: Workspace, language: Language, status: int, kind: KeyKind = KeyKind.ABSENT) -> Response:
    """The form that asks for the key; its style travels inside, for the files need the key too."""
    problems = {KeyKind.ABSENT: "", KeyKind.UNKNOWN: "login_unknown_key", KeyKind.WRITE: "login_write_key"}
    nonce = token_urlsafe(16)
    template = Template((_TEMPLATES / "login.html").read_text())
    problem = texts_of(language).get(problems[kind], "")
    content = _rendered(template, workspace, language, nonce=nonce, problem=problem)
    return _page(content, status, f" 'nonce-{nonce}'")


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


def _rendered(template: Template, workspace: Workspace, language: Language, **values: str) -> str:
    """The template with the language's words and the values, every one of them escaped."""
    other = next(spoken for spoken in LANGUAGES if spoken != language)
    known = {
        **texts_of(language),
        "language": language,
        "other_language": other,
        "workspace": workspace.name,
        "timezone": workspace.stream.timezone,
        **values,
    }
    return template.substitute({name: escape(value) for name, value in known.items()})


def _page(content: str, status: int = 200, style_nonce: str = "") -> Response:
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(style_nonce=style_nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(content, status, headers)
