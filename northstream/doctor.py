"""`northstream doctor`: checks whether everything is there to run, and says what to do where it is not.

Makes the data folder where it is missing; a running installation is only asked.
"""

import asyncio
import importlib.util
import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

from northstream.check import Check
from northstream.failures import UserError
from northstream.folder import is_locked, lock_folder, prepare_folder
from northstream.ports import is_free, reachable_host
from northstream.published_metrics import PublishedMetrics
from northstream.readiness import is_ready
from northstream.settings import Settings, unknown_variables
from northstream.workspaces import workspace_folder
from schemas.definitions import Workspace
from schemas.lint_findings import LintFinding
from schemas.log import LogUnavailable
from schemas.topics import Topic
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors
from schemas.yaml_lines import Finding
from stream.log.reading import LocalLogReader
from warehouse.client import Warehouse, WarehouseUnavailable
from warehouse.migrate import MigrationError, status

MINIMUM_FREE_BYTES = 1 << 30
_PACKAGES = (
    "fastapi",
    "uvicorn",
    "uvloop",
    "faust",
    "kafka",
    "crc32c",
    "cramjam",
    "chdb",
    "clickhouse_connect",
    "zstandard",
)


def run_doctor(settings: Settings, environ: Mapping[str, str]) -> int:
    """Print every check; exit code 1 if there is a problem."""
    checks = CLUSTER_CHECKS if settings.kafka or settings.clickhouse_url else CHECKS
    outcomes = [outcome for check in checks for outcome in check(settings)]
    outcomes += [Check("warning", sentence) for sentence in unknown_variables(environ)]
    for outcome in outcomes:
        print(f"{outcome.level:8} {outcome.message}")
    return 1 if any(outcome.level == "problem" for outcome in outcomes) else 0


def _check_python(settings: Settings) -> Iterator[Check]:
    """Older ones cannot read this file."""
    yield Check("ok", f"Python {platform.python_version()}")


def _check_packages(settings: Settings) -> Iterator[Check]:
    # Roles of a cluster have no engine of their own: their image leaves it out.
    needed = [name for name in _PACKAGES if name != "chdb" or not settings.clickhouse_url]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    for name in missing:
        yield Check("problem", f"the package {name} is not installed; run make setup")
    if not missing:
        yield Check("ok", f"{len(needed)} packages that are needed are installed, crc32c among them")


def _check_folder(settings: Settings) -> Iterator[Check]:
    try:
        prepare_folder(settings.data_dir)
    except UserError as error:
        yield Check("problem", str(error))
        return
    yield Check("ok", f"the data folder {settings.data_dir} can be written")
    free = shutil.disk_usage(settings.data_dir).free
    if free < MINIMUM_FREE_BYTES:
        yield Check("problem", f"only {free >> 20} MB are free in {settings.data_dir}; make room or move it")
    else:
        yield Check("ok", f"{free >> 30} GB are free there")


def _check_workspace(settings: Settings) -> Iterator[Check]:
    folder = workspace_folder(settings)
    try:
        # In a cluster the secrets of receivers are in the environment of the alerter alone.
        workspace = load_workspace(folder, None if settings.clickhouse_url else os.environ)
        findings = tuple(PublishedMetrics(settings.data_dir).changed(workspace.metrics))
    except WorkspaceErrors as error:
        yield from _problems(error.findings)
    except UserError as error:
        yield Check("problem", str(error))
    else:
        yield from _problems(findings)
        if not findings:
            name = "(default)" if folder == DEFAULT_WORKSPACE else folder
            yield Check("ok", f"the workspace {name} is valid: {_size(workspace)}")


def _problems(findings: Sequence[Finding | LintFinding]) -> Iterator[Check]:
    return (Check("problem", f"workspace: {finding}") for finding in findings)


def _size(workspace: Workspace) -> str:
    rules = workspace.alerts.rules
    return f"{len(workspace.plan.events)} events, {len(workspace.metrics)} metrics, {len(rules)} alerts"


def _check_running(settings: Settings) -> Iterator[Check]:
    """A running installation holds its ports itself; an idle one needs them free."""
    if is_locked(settings.data_dir):
        yield from _check_answers(settings)
        return
    yield from _check_stores(settings)
    for host, port, flag in (
        (settings.host, settings.port, "--port"),
        ("127.0.0.1", settings.clickhouse_port, "--clickhouse-port"),
    ):
        if is_free(host, port):
            yield Check("ok", f"port {port} on {host} is free")
        else:
            yield Check("problem", f"port {port} on {host} is taken; stop that program or choose another with {flag}")


def _check_stores(settings: Settings) -> Iterator[Check]:
    """Opens what an idle installation keeps; a new one keeps nothing yet."""
    events = settings.data_dir / "log" / "events.db"
    if not events.exists():
        yield Check("ok", "nothing is kept in the data folder yet")
        return
    try:
        lock = lock_folder(settings.data_dir, wait_seconds=0)
    except UserError as error:
        yield Check("warning", str(error))
        return
    try:
        with closing(LocalLogReader(events)) as reader:
            lines = sum(end.lines for end in reader.ends(Topic.EVENTS).values())
        yield Check("ok", f"the log can be read: {lines} lines")
        with closing(Warehouse.embedded(settings.data_dir / "warehouse", size=1)) as warehouse:
            pending = [at.number for at in status(warehouse) if at.state != "applied"]
        yield Check("ok", f"the warehouse can be opened; migrations to apply: {len(pending)}")
    except (LogUnavailable, WarehouseUnavailable, MigrationError, sqlite3.Error) as error:
        yield Check("problem", f"what is kept in {settings.data_dir} cannot be opened: {error}")
    finally:
        os.close(lock)


def _check_answers(settings: Settings) -> Iterator[Check]:
    host = reachable_host(settings.host).strip("[]")
    try:
        ready = asyncio.run(asyncio.wait_for(is_ready(host, settings.port), 5.0))
    except (OSError, TimeoutError):
        yield Check("problem", f"northstream runs on this data folder, but not on port {settings.port}; see its output")
        return
    if ready:
        yield Check("ok", f"northstream runs on port {settings.port} and is ready: log and warehouse answer")
    else:
        yield Check("problem", f"northstream runs on port {settings.port} but is not ready; see /readyz and its output")


def _check_cluster(settings: Settings) -> Iterator[Check]:
    # Only now: Kafka's client is large.
    from northstream.doctor_cluster import check_cluster

    yield from check_cluster(settings)


_EVERYWHERE = (_check_python, _check_packages, _check_workspace)

CHECKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (*_EVERYWHERE, _check_folder, _check_running)
CLUSTER_CHECKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (*_EVERYWHERE, _check_cluster)
"""With `KAFKA` or `CLICKHOUSE_URL` set: what is kept is on their machines, not in a folder here."""
