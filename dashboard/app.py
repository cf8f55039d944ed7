"""Builds the application that the engine serves: read API, boards, health.

Does not open sockets or the warehouse: everything it needs is handed in.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI

from dashboard.access import Access
from dashboard.alert_answers import shown_alerts
from dashboard.alert_control_routes import alert_control_routes
from dashboard.alert_pages import alert_page_routes
from dashboard.alert_routes import AlertsContext, AlertSources, alert_routes
from dashboard.api import api_routes
from dashboard.asking import ApiContext
from dashboard.backtest_routes import BacktestContext, backtest_routes
from dashboard.board import SECTIONS, BoardSource
from dashboard.board_pages import board_page_routes
from dashboard.digest_routes import DigestContext, digest_api_routes, digest_page_routes
from dashboard.documentation import documentation_routes
from dashboard.failures import answer_failures
from dashboard.live import LiveFeed
from dashboard.moments import WorkspaceClock
from dashboard.notes_api import NotesContext, notes_routes
from dashboard.operations import operation_routes
from dashboard.pages import PagesContext, page_routes
from dashboard.reading import PATIENCE_SECONDS, Reader
from dashboard.safe_headers import SafeHeaders
from dashboard.shell import Shell
from dashboard.start_routes import StartContext, start_api_routes, start_page_routes
from dashboard.view_door import ViewDoor
from schemas.calendar import Calendar
from schemas.definitions import Workspace
from schemas.guide import WorkspaceEditor
from schemas.measuring import Measures
from schemas.notes import Notes
from schemas.reading import Reports


def create_app(
    *,
    reports: Reports,
    measures: Measures,
    workspace: Workspace,
    clock: Callable[[], int],
    secret_keys: Collection[str],
    write_keys: Collection[str],
    readiness: Callable[[], Mapping[str, bool]],
    telemetry: Callable[[], str],
    alerts: AlertSources,
    patience_seconds: float = PATIENCE_SECONDS,
    is_there: Callable[[], bool] | None = None,
    notes: Notes | None = None,
    editor: WorkspaceEditor | None = None,
    watch_age: Callable[[], float | None] = lambda: None,
) -> FastAPI:
    """The application of one workspace, for the engine's Unix socket or a port of its own.

    Args:
        clock: Unix milliseconds.
        secret_keys: keys that may read; at least one.
        readiness, telemetry: named checks of what a request needs, Prometheus text; may block.
        patience_seconds: how long a read waits for a warehouse that is away.
        is_there: whether the warehouse answers at all, within half the patience; may block. None: it cannot hang.
        notes, editor: what people write down, and what the guide writes with; None: there is nothing to write on.
        watch_age: age in seconds of the youngest self-watch event that has crossed everywhere; None: unknown.

    A server that stops awaits `app.state.close_streams()` first: live streams never end by themselves.

    Raises:
        ValueError: there is no secret key.
    """
    access = Access(secret_keys, write_keys, clock)
    reader = Reader(patience_seconds, is_there)
    now = WorkspaceClock(clock, Calendar(workspace.stream.timezone))
    app = FastAPI(title="NorthStream read API", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    answer_failures(app)
    shell = Shell(workspace, access, lambda: now.today().day.isoformat())
    context = ApiContext(reports, measures, reader, workspace, now, partial(_rules, alerts, measures), notes)
    app.include_router(api_routes(context, access))
    _include_alerts(app, context, alerts, access, shell)
    _include_writing(app, context, notes, editor, access, shell)
    # Threads of their own: whether all is well must be told however many questions wait for the warehouse.
    app.include_router(operation_routes(readiness, telemetry, Reader(patience_seconds), access, watch_age))
    app.include_router(documentation_routes(app, access))
    app.state.close_streams = _include_pages(app, context, access, shell).close
    app.add_middleware(ViewDoor)
    app.add_middleware(SafeHeaders)
    return app


def _include_pages(app: FastAPI, context: ApiContext, access: Access, shell: Shell) -> LiveFeed:
    """Boards and the live page; the feed of the latter."""
    source = BoardSource(context.reports, context.workspace.stream, context.alerts)
    feed = LiveFeed(source, context.clock, context.reader, SECTIONS)
    app.include_router(board_page_routes(context, shell, access))
    app.include_router(page_routes(PagesContext(context.workspace, feed, access, shell)))
    return feed


def _rules(alerts: AlertSources, measures: Measures) -> Sequence[Mapping[str, Any]]:
    """Where every alert rule stands; may block."""
    rules: Sequence[Mapping[str, Any]] = shown_alerts(alerts.shown(), measures.catalogue().metrics)["alerts"]
    return rules


def _include_alerts(app: FastAPI, context: ApiContext, alerts: AlertSources, access: Access, shell: Shell) -> None:
    """Where rules stand, what people do about it, what a rule would have done; and the page of all that."""
    alerting = AlertsContext(alerts, context.measures, context.reports, context.reader, context.clock)
    app.include_router(alert_routes(alerting, access))
    if alerts.controls is not None:
        app.include_router(alert_control_routes(alerting, alerts.controls, access))
    if alerts.backtests is not None:
        past = BacktestContext(alerts.backtests, context.reader, context.workspace)
        app.include_router(backtest_routes(past, access))
    app.include_router(alert_page_routes(shell))


def _include_writing(
    app: FastAPI,
    context: ApiContext,
    notes: Notes | None,
    editor: WorkspaceEditor | None,
    access: Access,
    shell: Shell,
) -> None:
    """Where people write: notes, the weekly ritual, the first-run guide."""
    measures, reader, clock, workspace = context.measures, context.reader, context.clock, context.workspace
    if notes is not None:
        ritual = DigestContext(measures, notes, reader, clock, workspace)
        app.include_router(notes_routes(NotesContext(notes, reader, clock, measures.catalogue), access))
        app.include_router(digest_api_routes(ritual, access))
        app.include_router(digest_page_routes(ritual, access, shell))
    if editor is not None:
        app.include_router(start_api_routes(StartContext(measures, editor, reader, workspace), access))
        app.include_router(start_page_routes(shell))
