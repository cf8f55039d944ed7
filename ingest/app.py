"""Wires the collector: ingest routes as raw ASGI in front, documents and health by FastAPI, all else to the engine.

Does not open sockets or logs; they are handed in.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from ingest.auth import KeyRing
from ingest.body import Disconnected, Receive
from ingest.engine import Engine
from ingest.intake import Intake
from ingest.limits import Limits
from ingest.packer import Packer
from ingest.rejections import Reason, Rejection
from ingest.replies import Send, allow, refuse, reply
from ingest.routes import BATCH, PATHS
from ingest.service import create_service
from ingest.sorting import Sorter
from ingest.telemetry import Telemetry
from ingest.throttle import Throttle
from ingest.tracing import traced
from schemas import request_ids, traces
from schemas.definitions import Workspace
from schemas.log import LogAppender

Scope = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

SINGLES, BATCHES = "single", "batch"
"""The routes that telemetry tells apart."""

log = logging.getLogger(__name__)


def create_app(
    *,
    log: LogAppender,
    workspace: Workspace,
    write_keys: Mapping[str, str],
    secret_keys: Iterable[str],
    limits: Limits,
    clock: Callable[[], int],
    collector_id: str,
    watch_key: str = "",
    upstream: Path | None = None,
    registry: CollectorRegistry | None = None,
    on_failure: Callable[[Exception], None] = lambda error: None,
) -> "Collector":
    """The collector as an ASGI app.

    Args:
        log: the writing end of the log; used by one thread, from the app's start to its end.
        workspace: the plan and the junk ids count here.
        write_keys: key → the name under which its messages are stored.
        secret_keys: keys that may also write, and unite users.
        limits: sizes, rates and patience.
        clock: the time, Unix milliseconds.
        collector_id: a name that no other start of a collector has.
        watch_key: what is sent with it are events of the self-watch, which nobody counts; empty: there is none.
        upstream: the engine's Unix socket; None if there is no engine behind this collector.
        registry: what the process tells of itself; the collector adds its own. None: there is nothing else to tell.
        on_failure: told, from another thread, that nothing can be appended any more until a new start.
    """
    telemetry = Telemetry()
    packer = Packer(log, collector_id, limits, clock, telemetry, on_failure)
    sorter = Sorter(workspace, log.partitions, collector_id, limits, telemetry)
    keys = KeyRing(write_keys, secret_keys, watch_key)
    intake = Intake(keys, sorter, packer, Throttle(limits), limits, telemetry)
    engine = Engine(upstream, limits) if upstream else None
    registry = registry or CollectorRegistry()
    registry.register(telemetry)
    service = create_service(packer, keys, registry, engine)
    return Collector(intake, service, telemetry, engine)


class Collector:
    """The front: takes ingest requests itself, since FastAPI's routing costs more than the whole of their work."""

    def __init__(self, intake: Intake, service: AsgiApp, telemetry: Telemetry, engine: Engine | None) -> None:
        self._intake = intake
        self._service = service
        self._telemetry = telemetry
        self._engine = engine
        self._taken = traced(self._take) if traces.are_on() else self._take

    def end_streams(self) -> None:
        """End the engine's live streams that pass through here, so that a server that drains need not wait for them.

        Called in the event loop.
        """
        if self._engine:
            self._engine.end_streams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._service(scope, receive, send)
            return
        request_ids.begin(scope["headers"])
        kind = PATHS.get(scope["path"])
        if kind is None:
            await self._service(scope, receive, send)
        else:
            await self._taken(kind, scope, receive, send)

    async def _take(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        code, counts = 200, True
        authorization, origin, declared_bytes = b"", None, 0
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"content-length":
                declared_bytes = int(value)
            elif name == b"origin":
                origin = value
        try:
            if scope["method"] != "POST":
                await self._other_method(scope, send, origin)
                return
            body, counts = await self._intake.answer(
                kind, authorization, declared_bytes, scope["query_string"], receive
            )
        except Rejection as rejection:
            code = rejection.status
            self._note(rejection)
            await refuse(send, rejection, origin)
        except Disconnected:
            return
        else:
            await reply(send, 200, body, origin)
        if counts:
            self._telemetry.answered(BATCHES if kind == BATCH else SINGLES, code, time.perf_counter() - started)

    def _note(self, rejection: Rejection) -> None:
        reason = rejection.reason
        self._telemetry.rejections.labels(reason.value).inc()
        level = logging.WARNING if rejection.status == 503 else logging.INFO
        # A text of its own for each reason, so that one that comes often does not silence the others.
        log.log(level, f"request refused: {reason.value}", extra={"reason": reason.value, "code": rejection.status})

    async def _other_method(self, scope: Scope, send: Send, origin: bytes | None) -> None:
        if scope["method"] != "OPTIONS":
            raise Rejection(Reason.METHOD_NOT_ALLOWED, "this route takes POST")
        wants_private = any(name == b"access-control-request-private-network" for name, _ in scope["headers"])
        await allow(send, origin or b"*", wants_private)
