"""The collector's process: HTTP in, durable log out; under `up` everything else passes through to the engine.

Wires `ingest` with the log, embedded or Kafka; takes no decision about events.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import uvloop

from ingest.app import Collector, create_app
from ingest.limits import Limits
from northstream.clock import unix_ms
from northstream.keys import watch_key
from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.serving import serve
from northstream.settings import Settings
from northstream.telemetry.process import process_registry
from northstream.waiting_app import wait_for_servers
from northstream.workspace_copy import load_workspace_to_run
from schemas.definitions import Workspace
from schemas.log import LogAppender

DRAIN_SECONDS = 5
"""How long open requests may take. Live streams are ended at once; browsers open them again."""

DEFAULT_SOURCE = "default"
"""The name under which the messages of the one write key are stored."""


def run(launch: Launch) -> None:
    """Take events until SIGTERM; those begun are finished."""
    collect = _collect_into_kafka if launch.settings.kafka else _collect_into_embedded_log
    live(lambda lifetime: collect(launch, lifetime), uvloop.new_event_loop)


async def _collect_into_embedded_log(launch: Launch, lifetime: Lifetime) -> None:
    from northstream.parts.embedded_log import EmbeddedLog

    settings = launch.settings
    workspace = load_workspace_to_run(settings)
    embedded = EmbeddedLog(settings)
    pruning = asyncio.create_task(embedded.prune_regularly(int(workspace.log_retention_seconds * 1000)))
    try:
        app = create_collector(settings, workspace, embedded.log, lifetime.fail, embedded.places.engine_socket)
        await serve(app, launch.socket("http"), lifetime, DRAIN_SECONDS, app.end_streams)
    finally:
        pruning.cancel()
        embedded.close()


async def _collect_into_kafka(launch: Launch, lifetime: Lifetime) -> None:
    from northstream.parts.kafka_log import open_appender

    settings = launch.settings
    log = await wait_for_servers(lambda: open_appender(settings), launch, lifetime)
    try:
        app = create_collector(settings, load_workspace_to_run(settings), log, lifetime.fail)
        await serve(app, launch.socket("http"), lifetime, DRAIN_SECONDS)
    finally:
        await asyncio.to_thread(log.close)


def create_collector(
    settings: Settings,
    workspace: Workspace,
    log: LogAppender,
    on_failure: Callable[[Exception], None],
    upstream: Path | None = None,
) -> Collector:
    """The collector as an ASGI app over a log. `upstream`: the engine's Unix socket, if there is one behind it."""
    return create_app(
        log=log,
        workspace=workspace,
        write_keys={settings.write_key: DEFAULT_SOURCE},
        secret_keys=[settings.secret_key],
        watch_key=watch_key(settings),
        limits=limits_of(settings),
        clock=unix_ms,
        collector_id=secrets.token_hex(6),
        upstream=upstream,
        registry=process_registry("collector"),
        on_failure=on_failure,
    )


def limits_of(settings: Settings) -> Limits:
    return Limits(
        body_bytes=settings.max_body_bytes,
        event_bytes=settings.max_event_bytes,
        events_per_second=float(settings.events_per_second) or None,
    )
