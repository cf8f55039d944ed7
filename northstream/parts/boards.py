"""The read API and pages over the warehouse, and who keeps `complete_through` moving.

Does not serve them: see `northstream.serving`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from dashboard.alert_routes import AlertSources
from dashboard.app import create_app
from northstream.clock import unix_ms
from northstream.parts.backtests import create_backtests
from northstream.parts.stores import Stores
from northstream.parts.warehouse_check import warehouse_check
from northstream.settings import Settings
from northstream.workspace_editing import FolderEditor
from schemas.measuring import Measures
from schemas.reading import ReadingUnavailable
from warehouse.alert_controls import AlertControlsStore
from warehouse.alert_history import WarehouseAlertHistory
from warehouse.client import Warehouse
from warehouse.notes_store import NotesStore

_READING_PAUSE_SECONDS = 0.5


def create_api(
    stores: Stores,
    settings: Settings,
    telemetry: Callable[[], str],
    alerts: Callable[[], Mapping[str, Any] | Sequence[Mapping[str, Any]]],
    measures: Measures,
    probe: Warehouse | None = None,
) -> FastAPI:
    """The application. `alerts`: what alerting shows of itself.

    `probe`: the same warehouse with little patience, if it is a server; by it a read knows a slow one from a dead one.

    It is ready when the warehouse answers, whatever the stream does: while that takes its partitions or rebuilds, the
    old numbers are served and nobody should stop sending for it.
    """
    readiness = warehouse_check(probe or stores.warehouse)
    return create_app(
        reports=stores.reports,
        measures=measures,
        workspace=stores.workspace,
        clock=unix_ms,
        secret_keys=[settings.secret_key],
        write_keys=[settings.write_key],
        readiness=readiness,
        telemetry=telemetry,
        alerts=AlertSources(
            alerts,
            WarehouseAlertHistory(stores.warehouse),
            AlertControlsStore(stores.warehouse),
            create_backtests(stores, settings, measures),
        ),
        is_there=(lambda: all(readiness().values())) if probe else None,
        notes=NotesStore(stores.warehouse),
        editor=FolderEditor(settings),
        watch_age=lambda: stores.watch.seconds(unix_ms()),
    )


async def follow_completeness(stores: Stores, published: Callable[[], Awaitable[None]]) -> None:
    """Look how far everything is complete whenever `published` returns, twice a second at most, until cancelled.

    `complete_through` comes from comparing readings: taken here, it moves on however seldom it is asked for.
    """
    while True:
        await published()
        with contextlib.suppress(ReadingUnavailable):
            await asyncio.to_thread(stores.reports.completeness)
        await asyncio.sleep(_READING_PAUSE_SECONDS)
