"""The weekly digest over HTTP: as data, text, Markdown or mail under /api, and as a page on which people note.

Does not compose it: see `digest`. What is noted goes to the routes of `notes_api`. The page is there before its
numbers: its script asks for the sections.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from dashboard.access import Access
from dashboard.api import refuse_unknown_parameters
from dashboard.conditional import ConditionalRoute
from dashboard.digest import WEEK, Digest, compose
from dashboard.digest_data import digest_data
from dashboard.digest_mail import as_mail
from dashboard.digest_markup import as_html
from dashboard.digest_plain import as_markdown, as_text
from dashboard.digest_words import Writer, WrittenDigest
from dashboard.json_answers import json_answer
from dashboard.moments import WorkspaceClock
from dashboard.reading import Reader
from dashboard.shell import Page, Shell, html_answer
from dashboard.texts import choose_language, said_in, texts_of
from dashboard.weeks import monday_of, read_week, written_week
from dashboard.written_numbers import Spelling
from schemas.definitions import Language, Workspace
from schemas.measuring import Measures
from schemas.notes import Notes

Week = Annotated[str | None, Query(description="An ISO week like 2026-W47; the last one that is over when absent.")]
Lang = Annotated[str | None, Query(description="en or fr; else the workspace's language.")]
Format = Literal["json", "text", "md", "html"]

_TYPES = {"text": "text/plain", "md": "text/markdown", "html": "text/html"}


@dataclass(frozen=True, slots=True)
class DigestContext:
    measures: Measures
    notes: Notes
    reader: Reader
    clock: WorkspaceClock
    workspace: Workspace

    async def digest(self, week: str | None) -> Digest:
        """Raises `Failure`: 422 for what is no week, 503 when the warehouse stays away."""
        today = self.clock.today()
        monday = self.monday(week)
        end_ms = today.end_of(monday + WEEK - timedelta(days=1))
        return await self.reader.ask(compose, self.measures, self.notes, monday, today.day, end_ms)

    def monday(self, week: str | None) -> date:
        """The Monday of the week asked for. Raises `Failure` 422 for what is no week."""
        return read_week("week", week) if week else monday_of(self.clock.today().day) - WEEK

    def spelling(self, language: Language) -> Spelling:
        return Spelling(language, self.workspace.currency, texts_of(language))

    def written(self, digest: Digest, language: Language) -> WrittenDigest:
        writer = Writer(self.spelling(language), self.measures.catalogue(), self.workspace.name)
        return writer.write(digest, written_week(digest.monday - WEEK), written_week(digest.monday + WEEK))


def digest_api_routes(context: DigestContext, access: Access) -> APIRouter:
    """`/api/digest`."""
    router = APIRouter(
        prefix="/api",
        tags=["notes"],
        route_class=ConditionalRoute,
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
    )

    @router.get("/digest", response_model=dict)
    async def read_digest(
        request: Request, week: Week = None, lang: Lang = None, shape: Annotated[Format, Query(alias="format")] = "json"
    ) -> Response:
        """The weekly ritual: numbers against targets, gaps with owners, what moved and why, decisions, actions."""
        language = choose_language(lang, context.workspace.language)
        digest = await context.digest(week)
        if shape == "json":
            return json_answer(digest_data(digest, language))
        home = str(request.base_url).rstrip("/")
        text = _FORMATS[shape](context.written(digest, language), language, home)
        return Response(text, media_type=f"{_TYPES[shape]}; charset=utf-8")

    return router


def digest_page_routes(context: DigestContext, access: Access, shell: Shell) -> APIRouter:
    """`/digest`, and the sections that fill it; free on loopback, beyond it with the secret key or a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/digest")
    @router.head("/digest")
    async def show_digest(request: Request, week: str | None = None, lang: str | None = None) -> Response:
        language = shell.language(lang)
        title = texts_of(language)["digest_title"]
        if not access.may_view(request):
            return shell.show(request, lang, Page("digest", title, "digest_page", "/digest"))
        monday = context.monday(week)
        metrics = context.measures.catalogue().metrics.values()
        told = {
            "week": written_week(monday),
            "metrics": [{"id": metric.id, "label": said_in(metric.label, language)} for metric in metrics],
        }
        return shell.show(
            request, lang, Page("digest", title, "digest_page", "/digest", told, _frame(context, monday, language))
        )

    @router.get("/digest/sections", dependencies=[Depends(access.require_viewer)])
    async def show_sections(week: str | None = None, lang: str | None = None) -> Response:
        language = shell.language(lang)
        written = context.written(await context.digest(week), language)
        sections = as_html(written, texts_of(language), lambda name: f"/metrics/{name}?lang={language}", is_page=True)
        return html_answer(f'<div data-subtitle="{escape(written.subtitle)}">{sections}</div>')

    return router


def _frame(context: DigestContext, monday: date, language: Language) -> str:
    """What is there at once: the page's head with the ways to other weeks, and a place for the sections."""
    texts = texts_of(language)
    ways = [(monday - WEEK, texts["digest_previous_week"])]
    if monday + WEEK <= context.clock.today().day:
        ways.append((monday + WEEK, texts["digest_next_week"]))
    links = "".join(
        f'<a class="button" href="/digest?week={written_week(day)}&amp;lang={language}">{escape(word)}</a>'
        for day, word in ways
    )
    days = context.spelling(language).days(monday, monday + WEEK - timedelta(days=1))
    return (
        f'<div class="page-head"><div><h1>{escape(texts["digest_title"])}</h1>'
        f'<p class="facts-line"><b id="digest-week">{escape(f"{written_week(monday)} · {days}")}</b></p>'
        f'<p class="lead">{escape(texts["digest_lead"])}</p></div><div class="actions">{links}</div></div>'
        '<div class="sheet" id="digest-parts"><div class="waiting" aria-hidden="true"><div class="bone tall"></div>'
        '<div class="bones"><div class="bone"></div><div class="bone"></div></div></div></div>'
    )


def _text(written: WrittenDigest, language: Language, home: str) -> str:
    return as_text(written, texts_of(language), _address(written, language, home))


def _markdown(written: WrittenDigest, language: Language, home: str) -> str:
    return as_markdown(written, texts_of(language), _address(written, language, home))


def _mail(written: WrittenDigest, language: Language, home: str) -> str:
    return as_mail(written, texts_of(language), home, _address(written, language, home), language)


def _address(written: WrittenDigest, language: Language, home: str) -> str:
    return f"{home}/digest?week={written.week}&lang={language}"


_FORMATS: dict[str, Callable[[WrittenDigest, Language, str], str]] = {"text": _text, "md": _markdown, "html": _mail}
