"""The frame that all pages share: head, navigation, words and settings for the scripts, the way in beyond loopback.

Does not fetch numbers: each page's script does, through `/view/…`. Nothing on a page comes from elsewhere.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from secrets import token_urlsafe
from string import Template
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from dashboard.access import Access, KeyKind
from dashboard.texts import LANGUAGES, LOCALES, choose_language, texts_of
from schemas.definitions import Language, Workspace

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{style_nonce}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

NAVIGATION = (
    ("/", "nav_overview"),
    ("/boards", "nav_boards"),
    ("/tree", "nav_tree"),
    ("/digest", "nav_digest"),
    ("/customers", "nav_customers"),
    ("/alerts", "nav_alerts"),
    ("/live", "nav_live"),
)
"""Where the header leads: address and the name of its word."""

_TEMPLATES = Path(__file__).parent / "templates"
_PROBLEMS = {KeyKind.ABSENT: "", KeyKind.UNKNOWN: "login_unknown_key", KeyKind.WRITE: "login_write_key"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its name (of the body, for style), its title, its module below `/static`, what its script is told.

    `content`: markup of `main` instead of the skeleton; whoever gives it has escaped it. `current`: the entry of
    the navigation that it belongs to.
    """

    name: str
    title: str
    script: str
    current: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""
    status: int = 200


class Shell:
    """Pages of one workspace. `today`: the workspace's day now, as ISO text, for pickers of periods."""

    def __init__(self, workspace: Workspace, access: Access, today: Callable[[], str]) -> None:
        self._workspace = workspace
        self._access = access
        self._today = today
        self._frame = Template((_TEMPLATES / "page.html").read_text())
        self._head = Template((_TEMPLATES / "head.html").read_text().rstrip())
        self._bar = Template((_TEMPLATES / "bar.html").read_text().rstrip())
        self._skeleton = (_TEMPLATES / "skeleton.html").read_text()
        self._login = Template((_TEMPLATES / "login.html").read_text())

    def show(self, request: Request, lang: str | None, page: Page) -> Response:
        """The page in the language asked for, or the form that asks for the key."""
        language = self.language(lang)
        if not self._access.may_view(request):
            return self.ask_for_key(language, 401, back=_address_of(request))
        raw = {
            **self.surroundings(language, page.title, page.current),
            "context": self._context(page, language),
            "content": page.content or self._skeleton,
        }
        content = self.rendered(self._frame, language, raw, page=page.name, script=page.script)
        return html_answer(content, page.status)

    def surroundings(self, language: Language, title: str, current: str, tools: str = "") -> dict[str, str]:
        """The markup that every page begins with: `head` and `bar`. `tools`: markup of more links in the bar."""
        links = {"navigation": _navigation(language, current), "tools": tools}
        return {
            "head": self.rendered(self._head, language, {}, title=title),
            "bar": self.rendered(self._bar, language, links),
        }

    def language(self, lang: str | None) -> Language:
        return choose_language(lang, self._workspace.language)

    def ask_for_key(self, language: Language, status: int, kind: KeyKind = KeyKind.ABSENT, back: str = "/") -> Response:
        """The form that asks for the key; its style travels inside, for the files need the key too."""
        nonce = token_urlsafe(16)
        problem = texts_of(language).get(_PROBLEMS[kind], "")
        content = self.rendered(self._login, language, {}, nonce=nonce, problem=problem, back=quote(back, safe="/"))
        return html_answer(content, status, f" 'nonce-{nonce}'")

    def rendered(self, template: Template, language: Language, raw: Mapping[str, str], **values: str) -> str:
        """The template with the language's words and the values, all of them escaped; `raw` is markup already."""
        other = next(spoken for spoken in LANGUAGES if spoken != language)
        known = {
            **texts_of(language),
            "language": language,
            "other_language": other,
            "workspace": self._workspace.name,
            "timezone": self._workspace.stream.timezone,
            **values,
        }
        return template.substitute({name: escape(value) for name, value in known.items()} | dict(raw))

    def _context(self, page: Page, language: Language) -> str:
        """What scripts know before they ask for anything, as JSON that cannot end its element."""
        context = {
            "language": language,
            "locale": LOCALES[language],
            "timezone": self._workspace.stream.timezone,
            "currency": self._workspace.currency,
            "today": self._today(),
            "told": page.told,
            "texts": texts_of(language),
        }
        return json.dumps(context, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _navigation(language: Language, current: str) -> str:
    """The links of the header, as markup; the language goes along."""
    texts = texts_of(language)
    return "".join(_link(href, texts[word], language, href == current) for href, word in NAVIGATION)


def back_to(wanted: str, home: str) -> str:
    """Where to go after the key was given: a page of ours, else home, whatever was asked for."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else home


def html_answer(content: str, status: int = 200, style_nonce: str = "") -> Response:
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(style_nonce=style_nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(content, status, headers)


def _link(href: str, text: str, language: Language, is_current: bool) -> str:
    mark = ' aria-current="page"' if is_current else ""
    return f'<a href="{href}?{urlencode({"lang": language})}"{mark}>{escape(text)}</a>'


def _address_of(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
