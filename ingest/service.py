"""What the collector answers besides events: health, readiness, telemetry, documents; the rest goes to the engine.

Does not take events: see `ingest.intake`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from ingest.body import Receive
from ingest.engine import Engine, EngineAway
from ingest.limits import Limits
from ingest.packer import Packer
from ingest.rejections import Reason, Rejection
from ingest.replies import Send, refuse
from ingest.telemetry import Name, Telemetry

Scope = MutableMapping[str, Any]


def create_service(packer: Packer, telemetry: Telemetry, limits: Limits, upstream: Path | None) -> FastAPI:
    """The FastAPI app behind the ingest routes; its start and end are those of the packer."""
    engine = Engine(upstream, limits.engine_wait_seconds) if upstream else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        packer.start()
        yield
        await packer.stop()
        if engine:
            await engine.close()

    app = FastAPI(title="NorthStream", lifespan=lifespan)

    @app.get("/healthz", summary="The collector's process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="The log is writable and the engine answers")
    async def readyz() -> Response:
        troubles = await _troubles(packer, engine)
        return JSONResponse(
            {"status": "waiting" if troubles else "ready", "waiting_for": troubles}, 503 if troubles else 200
        )

    @app.get("/metrics", summary="Telemetry of the collector and the engine, for Prometheus")
    async def metrics() -> Response:
        return PlainTextResponse(await _telemetry_text(telemetry, engine), media_type="text/plain; version=0.0.4")

    app.mount("/", _pass_on(engine))
    return app


async def _troubles(packer: Packer, engine: Engine | None) -> list[str]:
    troubles = [] if packer.is_writable else ["log"]
    if engine:
        try:
            if (await engine.ask("/readyz")).status_code != 200:
                troubles.append("engine")
        except EngineAway:
            troubles.append("engine")
    return troubles


async def _telemetry_text(telemetry: Telemetry, engine: Engine | None) -> str:
    engines_own = ""
    if engine:
        try:
            engines_own = (await engine.ask("/metrics")).text
        except EngineAway:
            telemetry.set(Name.ENGINE_UP, 0)
        else:
            telemetry.set(Name.ENGINE_UP, 1)
    return telemetry.text() + engines_own


def _pass_on(engine: Engine | None) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if engine is None or scope["path"].startswith("/v1/"):
                raise Rejection(Reason.UNKNOWN_ROUTE, "there is nothing at this path")
            await engine.pass_on(scope, receive, send)
        except Rejection as rejection:
            await refuse(send, rejection, None)

    return pass_on
