"""The collector's process: HTTP in, durable log out; everything else passes through to the engine.

Wires `ingest` with the embedded log; takes no decision about events.
"""

import asyncio
import secrets
import signal

import uvloop

from ingest.app import create_app
from ingest.limits import Limits
from northstream.clock import unix_ms
from northstream.failures import UserError
from northstream.launch import Launch
from northstream.patient_log import PatientLog
from northstream.places import Places
from northstream.pruning import prune_regularly
from northstream.serving import create_server
from northstream.settings import Settings
from schemas.definitions import Workspace
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.offsets import read_committed
from stream.log.opening import WrongPartitions
from stream.log.wakeup import WakeSender

DRAIN_SECONDS = 5
"""How long open requests may take. Live streams are ended at once; browsers open them again."""

DEFAULT_SOURCE = "default"
"""The name under which the messages of the one write key are stored."""


def run(launch: Launch) -> None:
    """Take events until SIGTERM; those begun are finished."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_collect(launch))


async def _collect(launch: Launch) -> None:
    settings = launch.settings
    places = Places.of(settings.data_dir)
    workspace = load_workspace(settings.workspace or DEFAULT_WORKSPACE)
    wake = WakeSender(places.wake_socket)
    log = PatientLog(lambda: open_log(places, settings.partitions, wake), settings.partitions)
    app = create_app(
        log=log,
        workspace=workspace,
        write_keys={settings.write_key: DEFAULT_SOURCE},
        secret_keys=[settings.secret_key],
        limits=limits_of(settings),
        clock=unix_ms,
        collector_id=secrets.token_hex(6),
        upstream=places.engine_socket,
    )
    server = create_server(app, DRAIN_SECONDS, app.end_streams)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    pruning = asyncio.create_task(prune_regularly(log.opened, places.counted, _retention(workspace)))
    try:
        await server.run_on(launch.socket("http"))
    finally:
        pruning.cancel()
        log.close()
        wake.close()


def open_log(places: Places, partitions: int, wake: WakeSender) -> LocalLog:
    """The writing end of the log.

    Raises:
        UserError: it has another number of partitions than the settings say.
        LogUnavailable: it cannot be opened now.
    """
    try:
        read = read_committed(places.handoffs_log)
        return LocalLog(places.events_log, EVENT_TOPICS, partitions, on_append=wake, read=read)
    except WrongPartitions as error:
        raise UserError(f"{error}; set NORTHSTREAM_PARTITIONS to the number that the log was made with") from error


def limits_of(settings: Settings) -> Limits:
    return Limits(
        body_bytes=settings.max_body_bytes,
        event_bytes=settings.max_event_bytes,
        events_per_second=float(settings.events_per_second) or None,
    )


def _retention(workspace: Workspace) -> int:
    """Milliseconds for which the log keeps what is counted and loaded."""
    return int(workspace.log_retention_seconds * 1000)
