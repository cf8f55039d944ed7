"""A small company in memory behind the `Reports` protocol, and the application served to real clients.

Does not touch a warehouse: what the numbers are is tested elsewhere, here it is what readers see of them.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from math import sin
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from contract.notes.remembered_notes import RememberedNotes
from playwright.async_api import Browser, async_playwright
from stand_ins.alert_past import ForgottenPast, RememberedControls, RememberedHistory
from stand_ins.measures import InMemoryMeasures

from dashboard.alert_routes import AlertSources
from dashboard.app import create_app
from northstream.settings import Settings
from northstream.workspace_editing import FolderEditor
from schemas.catalogue import Catalogue
from schemas.catalogue_files import load_catalogue
from schemas.definitions import Workspace
from schemas.measuring import VariantOutcome
from schemas.notes import Action, Decision, Stamp
from schemas.reading import (
    Completeness,
    FunnelPersons,
    PersonReport,
    Quality,
    ReadingUnavailable,
    RestatedDay,
)
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

NOW_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z, a Sunday
TODAY = date(2026, 11, 22)
FIRST_DAY = date(2026, 8, 1)
SECRET_KEY = "sk_test_5d1f"
WRITE_KEY = "wk_test_77aa"
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class InMemoryReports:
    """Reports over plain dicts, which tests change at will. `away` makes every call fail."""

    counters: dict[str, dict[date, int]] = field(default_factory=dict)
    changes: list[RestatedDay] = field(default_factory=list)
    reached: FunnelPersons = field(default_factory=lambda: FunnelPersons([], []))
    persons: dict[str, PersonReport] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    latest: list[dict[str, Any]] = field(default_factory=list)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    totals: Quality = field(default_factory=lambda: Quality(0, 0, 0, 0, 0, Completeness(0, None)))
    away: bool = False

    def _look(self) -> None:
        if self.away:
            raise ReadingUnavailable("the warehouse restarts")

    def daily(self, counters: Sequence[str], first: date, last: date) -> Mapping[str, Mapping[date, int]]:
        self._look()
        return {
            name: {day: n for day, n in self.counters.get(name, {}).items() if first <= day <= last}
            for name in counters
        }

    def data_days(self) -> tuple[date, date] | None:
        self._look()
        days = [day for by_day in self.counters.values() for day in by_day]
        return (min(days), TODAY) if days else None

    def restated_days(self, counters: Sequence[str], first: date, last: date) -> Sequence[RestatedDay]:
        self._look()
        asked = [c for c in self.changes if c.metric in counters and first <= c.bucket <= last]
        return sorted(asked, key=lambda change: change.at_ms, reverse=True)

    def funnel_persons(self, funnel: str, steps: int, first: date, last: date) -> FunnelPersons:
        self._look()
        return self.reached

    def person(self, identifier: str) -> PersonReport | None:
        self._look()
        return self.persons.get(identifier)

    def event(self, message_id: str) -> Mapping[str, Any] | None:
        self._look()
        return self.stored.get(message_id)

    def latest_events(self, limit: int) -> Sequence[Mapping[str, Any]]:
        self._look()
        return self.latest[:limit]

    def completeness(self) -> Completeness:
        self._look()
        return self.totals.completeness

    def recent_completeness(self) -> Completeness:
        return self.completeness()

    def quality(self) -> Quality:
        self._look()
        return self.totals

    def alert_log(self, limit: int) -> Sequence[Mapping[str, Any]]:
        self._look()
        return self.log[:limit]

    def write_alert_log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.log[:0] = rows


def company() -> InMemoryReports:
    """Four months of a growing company with a weekly rhythm, as a product person would see it."""
    reports = InMemoryReports()
    days = [FIRST_DAY + timedelta(days=n) for n in range((TODAY - FIRST_DAY).days + 1)]
    for n, day in enumerate(days):
        _add_day(reports.counters, n, day)
    reports.changes = [
        RestatedDay("dau", TODAY - timedelta(days=3), 1182, 1181, 1, "merge", "m-41", NOW_MS - 5_000_000),
        RestatedDay("wau", TODAY - timedelta(days=3), 2951, 2950, 1, "merge", "m-41", NOW_MS - 5_000_000),
        RestatedDay("signups", TODAY - timedelta(days=9), 33, 34, 1, "late event", "m-17", NOW_MS - 9_000_000),
    ]
    reports.reached = FunnelPersons([4310, 1504, 812, 207], [None, 412.0, 5_460.0, 172_800.0])
    reports.latest = [_event(n) for n in range(40)]
    reports.totals = Quality(
        1_520_432,
        311,
        1_204,
        87,
        2,
        Completeness(0, NOW_MS - 800),
        {"missing required": 204, "wrong type": 71, "too large": 22, "bad time": 14},
    )
    return reports


def _add_day(counters: dict[str, dict[date, int]], n: int, day: date) -> None:
    weekend = day.weekday() >= 5
    running = 0.41 if day == TODAY else 1.0
    mau = 2600 + 21 * n
    dau = int(mau * (0.105 if weekend else 0.23) * (1 + 0.04 * sin(n * 1.7)) * running)
    signups = int((14 if weekend else 38) * (1 + 0.2 * sin(n * 2.3)) * (1 + n / 160) * running)
    age = (TODAY - day).days
    maturity = min(1.0, 0.35 + 0.1 * age)
    activated = int(signups * (0.41 + 0.05 * sin(n)) * maturity)
    entries = [int(signups * share) for share in (2.9, 1.0, 0.55 * maturity, 0.14 * maturity)]
    values = {"dau": dau, "wau": int(mau * 0.58), "mau": mau, "signups": signups, "activated": activated}
    values |= {"activations": activated} | {f"funnel:onboarding:{k + 1}": e for k, e in enumerate(entries)}
    for name, value in values.items():
        counters.setdefault(name, {})[day] = value


_EVENTS = ("Feature Used", "Task Completed", "Pricing Viewed", "Project Created", "Account Created", "Report Shared")


def _event(n: int) -> dict[str, Any]:
    verdict = "quarantined" if n % 11 == 4 else "flagged" if n % 7 == 3 else "stored"
    violations = {
        "stored": [],
        "flagged": [
            {"rule": "unplanned event", "property": "", "message": 'not planned; did you mean "Task Completed"?'}
        ],
        "quarantined": [{"rule": "missing required", "property": "properties.plan", "message": "plan is required"}],
    }[verdict]
    return {
        "message_id": f"m-{n}",
        "type": "page" if n % 5 == 0 else "track",
        "event": "" if n % 5 == 0 else _EVENTS[n % len(_EVENTS)],
        "name": "Pricing" if n % 5 == 0 else "",
        "user_id": "" if n % 3 == 0 else f"user-{1000 + n * 37 % 400}",
        "anonymous_id": f"device-{n}",
        "person_id": f"d:device-{n}" if n % 3 == 0 else f"u:user-{1000 + n * 37 % 400}",
        "occurred_at": "2026-11-22T09:59:00.000Z",
        "received_ms": NOW_MS - 700 * n,
        "status": verdict,
        "violations": violations,
    }


@pytest.fixture
def reports() -> InMemoryReports:
    return company()


@cache
def default_workspace() -> tuple[Workspace, Catalogue]:
    """Read once: nobody changes them."""
    workspace = load_workspace(DEFAULT_WORKSPACE)
    return workspace, load_catalogue(DEFAULT_WORKSPACE, workspace)


def company_measures() -> InMemoryMeasures:
    """Every metric of the default workspace has values."""
    return InMemoryMeasures(default_workspace()[1], TODAY, NOW_MS - 800)


def parts_of(reports: InMemoryReports, measures: InMemoryMeasures) -> dict[str, Any]:
    """What an application is built from."""
    return {
        "reports": reports,
        "measures": measures,
        "notes": RememberedNotes(),
        "editor": FolderEditor(Settings(data_dir=Path("/nowhere"))),
        "workspace": default_workspace()[0],
        "clock": lambda: NOW_MS,
        "secret_keys": [SECRET_KEY],
        "write_keys": [WRITE_KEY],
        "readiness": lambda: {"log": True, "warehouse": True},
        "telemetry": lambda: "# TYPE northstream_up gauge\nnorthstream_up 1\n",
        "alerts": alert_sources(firing_alert()),
        "patience_seconds": 0.5,
    }


@pytest.fixture
def measures() -> InMemoryMeasures:
    return company_measures()


@pytest.fixture
def build(reports: InMemoryReports, measures: InMemoryMeasures) -> Callable[..., Any]:
    """Builds the application over the company; keyword arguments override the defaults."""

    def build_app(**overrides: Any) -> Any:
        return create_app(**(parts_of(reports, measures) | overrides))

    return build_app


def a_busy_week() -> RememberedNotes:
    """Three decisions and three actions of the week of today."""
    notes, week = RememberedNotes(), TODAY - timedelta(days=TODAY.weekday())
    for n, course in enumerate(("start", "iterate", "kill")):
        text = f"{course.capitalize()} the guided onboarding for teams of more than twenty people, in variant {n}"
        notes.append(Decision(Stamp(f"d{n}"), week, course, text, "aha_rate", "growth"))
        due, effect = TODAY + timedelta(days=7 * n + 5), "aha rate +3 points"
        notes.append(Action(Stamp(f"a{n}"), week, f"Send step {n} to ten teams", "", "ana", due, effect, Decimal(1500)))
    return notes


def firing_alert() -> dict[str, Any]:
    return {
        "alert": "SignupsHigh",
        "metric": "signups",
        "bucket": "running",
        "state": "firing",
        "value": 24.0,
        "condition": "> 20",
        "severity": "info",
        "owner": "growth",
        "alert_id": "a1",
        "started_at": "2026-11-22T09:41:00.000Z",
        "annotations": {"summary": "More than 20 people signed up today."},
    }


def alert_sources(*rules: dict[str, Any]) -> AlertSources:
    """Rules that stand so; whatever people do to them is remembered, and never acted on."""
    return AlertSources(lambda: rules, RememberedHistory(), RememberedControls(), ForgottenPast())


def serving() -> Iterator[Callable[[Any, socket.socket], None]]:
    """Serves an application on a listening socket until the fixture ends."""
    running: list[tuple[uvicorn.Server, threading.Thread, Any]] = []

    def start(app: Any, listening: socket.socket) -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        running.append((server, thread, listening))
        while not server.started:
            time.sleep(0.01)

    yield start
    for server, thread, listening in running:
        server.should_exit = True
        thread.join(10)
        listening.close()


serve_listening = pytest.fixture(serving)
serve_listening_long = pytest.fixture(serving, scope="module")


@pytest.fixture(scope="module")
def home(serve_listening_long: Callable[[Any, socket.socket], None]) -> str:
    """The address of one company for a whole module, which only looks at it."""
    listening = socket.create_server(("127.0.0.1", 0))
    measures = company_measures()
    measures.outcomes = [
        VariantOutcome("control", 1210, 402, 96, Decimal(5_210), 61, 4),
        VariantOutcome("guided", 1188, 468, 112, Decimal(6_480), 58, 3),
    ]
    written = {
        "notes": a_busy_week(),
        "alerts": alert_sources(*(firing_alert() | {"alert": f"Rule{n}"} for n in range(4))),
    }
    serve_listening_long(create_app(**(parts_of(company(), measures) | written)), listening)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium; without one these tests are skipped, except in CI, where it is required."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: install Debian's package chromium")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def serve(serve_listening: Callable[[Any, socket.socket], None]) -> Callable[[Any], str]:
    """Serves an application over HTTP on a free port; gives its address."""

    def start(app: Any) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        serve_listening(app, listening)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    return start


@pytest.fixture
def serve_on_socket(serve_listening: Callable[[Any, socket.socket], None], tmp_path: Path) -> Callable[[Any], str]:
    """Serves an application on a Unix socket, as the engine does; gives its path."""

    def start(app: Any) -> str:
        path = str(tmp_path / "engine.sock")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        serve_listening(app, listening)
        return path

    return start


@pytest.fixture
def client_of() -> Callable[..., httpx.AsyncClient]:
    """A client of an application; `peer` None means the engine's Unix socket."""

    def connect(app: Any, key: str | None = SECRET_KEY, peer: str | None = None, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(peer, 50_000) if peer else None)  # type: ignore[arg-type]
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)

    return connect


@pytest.fixture
def ask(build: Callable[..., Any], client_of: Callable[..., httpx.AsyncClient]) -> Callable[..., Any]:
    """One GET with the secret key."""

    async def get(path: str, **parameters: str) -> httpx.Response:
        async with client_of(build()) as client:
            return await client.get(path, params=parameters or None)

    return get
