"""Builds the engine's parts and joins them: logs, warehouse, stream, loader, reports, alerting, HTTP faces.

Does not start or stop anything: see `northstream.engine_process`.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import chdb

from alerting.alerter import Alerter, Surroundings
from dashboard.app import create_app as create_dashboard
from northstream.alert_values import value_reader
from northstream.clock import unix_ms
from northstream.engine_telemetry import telemetry_text
from northstream.failures import UserError
from northstream.places import Places
from northstream.settings import Settings
from schemas.calendar import Calendar
from schemas.checkpoints import StoreUnavailable
from schemas.definitions import Workspace
from schemas.log import LogUnavailable
from schemas.reading import ReadingUnavailable
from schemas.topics import Topic
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import HANDOFF_TOPICS, LocalLog
from stream.log.reading import LocalLogReader
from stream.worker import Worker
from warehouse.client import Warehouse
from warehouse.http_face import create_face
from warehouse.loader import Loader
from warehouse.migrate import MigrationError, migrate
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports
from warehouse.workspace_facts import write_workspace_facts

LOG_WAIT_SECONDS = 30.0
"""The collector makes the log; the engine waits so long for it before it starts again."""

_LOOK_SECONDS = 0.05

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the engine reads and writes."""

    places: Places
    workspace: Workspace
    warehouse: Warehouse
    people: PeopleStore
    events: LocalLogReader
    handoffs: LocalLog
    reports: WarehouseReports

    @property
    def partitions(self) -> range:
        return range(self.handoffs.partitions)

    def close(self) -> None:
        self.handoffs.close()
        self.events.close()
        self.warehouse.close()


def open_stores(settings: Settings, on_handoff: Callable[[], None]) -> Stores:
    """Open logs and warehouse, and bring the warehouse to its present shape. `on_handoff`: after each append.

    Raises:
        UserError: the warehouse was made by another release.
        LogUnavailable, WarehouseUnavailable: start again.
    """
    places = Places.of(settings.data_dir)
    workspace = load_workspace(settings.workspace or DEFAULT_WORKSPACE)
    warehouse = Warehouse.embedded(places.warehouse)
    try:
        migrate(warehouse)
    except MigrationError as error:
        raise UserError(f"the warehouse in {places.warehouse} does not fit this release: {error}") from error
    write_workspace_facts(warehouse, workspace.stream)
    events = LocalLogReader(places.events_log)
    partitions = _wait_for_partitions(events)
    people = PeopleStore(warehouse)
    # All before a header's position is applied: should the file have lost it, its offsets must not be given again.
    read = {
        (Topic.HANDOFFS, number): header.positions.handoffs
        for number, header in people.latest_headers(range(partitions)).items()
    }
    handoffs = LocalLog(places.handoffs_log, HANDOFF_TOPICS, partitions, on_append=on_handoff, read=read)
    reports = WarehouseReports(warehouse, events, handoffs, unix_ms)
    return Stores(places, workspace, warehouse, people, events, handoffs, reports)


def _wait_for_partitions(events: LocalLogReader) -> int:
    """The number of partitions of the log that the collector is making at the same time."""
    deadline = time.monotonic() + LOG_WAIT_SECONDS
    while True:
        try:
            return events.partitions
        except LogUnavailable:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_LOOK_SECONDS)


def create_alerter(stores: Stores, url: str) -> Alerter:
    workspace = stores.workspace
    surroundings = Surroundings(
        value=value_reader(stores.reports, Calendar(workspace.stream.timezone)),
        log_sink=stores.reports.write_alert_log,
        pending=lambda: handoffs_pending(stores),
        clock=unix_ms,
        public_url=url,
    )
    return Alerter(workspace.rules, workspace.receivers, stores.places.alerts, surroundings)


def handoffs_pending(stores: Stores) -> bool:
    """Whether persons are on their way between partitions; yes, as long as nobody can tell."""
    try:
        heads = stores.people.latest_heads(stores.partitions)
        ends = stores.handoffs.ends(Topic.HANDOFFS)
    except (StoreUnavailable, ReadingUnavailable, LogUnavailable):
        return True
    return any(
        end.offset > (heads[partition].positions.handoffs if partition in heads else 0)
        for partition, end in ends.items()
    )


def create_api(stores: Stores, settings: Settings, worker: Worker, alerter: Alerter) -> Any:
    """The read API and pages."""
    return create_dashboard(
        reports=stores.reports,
        workspace=stores.workspace,
        clock=unix_ms,
        secret_keys=[settings.secret_key],
        write_keys=[settings.write_key],
        # Not the stream: while it takes its partitions or rebuilds, the old numbers are served and nobody should stop
        # sending for it; if it fails, the engine ends.
        readiness=lambda: {"warehouse": answers(stores.warehouse)},
        telemetry=lambda: telemetry_text(worker, stores.reports, alerter.states),
        alerts=alerter.states,
    )


def answers(warehouse: Warehouse) -> bool:
    """Whether the warehouse answers now."""
    try:
        warehouse.rows("SELECT 1")
    except (StoreUnavailable, ReadingUnavailable):
        return False
    return True


def create_sql_face(stores: Stores, settings: Settings) -> Any:
    """ClickHouse's HTTP interface over the embedded engine."""
    return create_face(
        lambda: chdb.connect(str(stores.places.warehouse)),
        writer_user=settings.clickhouse_user,
        writer_password=settings.clickhouse_password or settings.secret_key,
    )


def create_loader(stores: Stores, on_loaded: Callable[[], None], on_failure: Callable[[Exception], None]) -> Loader:
    return Loader(stores.events, stores.warehouse, on_loaded=on_loaded, on_failure=on_failure)
