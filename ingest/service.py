"""What the collector answers besides events: health, readiness, telemetry, documents; the rest goes to the engine.

Does not take events: see `ingest.intake`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRouter
from prometheus_client import CollectorRegistry

from ingest.auth import KeyRing
from ingest.engine import Engine, EngineAway
from ingest.exposition import TEXT, exposition, together
from ingest.openapi import add_ingest_routes, add_paths
from ingest.packer import Packer
from ingest.pass_on import PassOn
from ingest.rejections import Reason, Rejection
from ingest.sdk_settings import browser_settings
from ingest.watch_view import LastWatch
from schemas.loopback import is_on_loopback
from schemas.telemetry import Collector as Names
from schemas.watching import shown_watch

_TELEMETRY_SECONDS = 8.0
"""The engine leaves out what takes it longer than five; scrapers wait ten."""


def create_service(packer: Packer, keys: KeyRing, registry: CollectorRegistry, engine: Engine | None) -> FastAPI:
    """The FastAPI app behind the ingest routes; it starts and ends the packer, and ends `engine`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        packer.start()
        yield
        await packer.stop()
        if engine:
            await engine.close()

    app = FastAPI(title="NorthStream", lifespan=lifespan, openapi_url=None)
    app.include_router(_health(packer, engine))
    app.include_router(_telemetry(engine, registry, keys))
    app.include_router(_documents(app, engine))
    app.include_router(_settings(keys))
    app.mount("/", PassOn(engine))
    return app


def _health(packer: Packer, engine: Engine | None) -> APIRouter:
    router = APIRouter(tags=["service"])
    watch = LastWatch()

    @router.get("/healthz", summary="The collector's process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The log is writable and the engine answers")
    async def readyz() -> Response:
        troubles = [] if packer.is_writable else ["log"]
        if engine and not await _answers(engine, watch):
            troubles.append("engine")
        status = "waiting" if troubles else "ready"
        shown = {"status": status, "waiting_for": troubles, "watch": shown_watch(watch.age_seconds())}
        return JSONResponse(shown, 503 if troubles else 200)

    return router


async def _answers(engine: Engine, watch: LastWatch) -> bool:
    try:
        answer = await engine.ask("/readyz")
    except EngineAway:
        return False
    watch.note(answer.content)
    return answer.status_code == 200


def _telemetry(engine: Engine | None, registry: CollectorRegistry, keys: KeyRing) -> APIRouter:
    router = APIRouter(tags=["service"])
    engine_up = Names.ENGINE_UP.gauge(registry) if engine else None

    @router.get(
        "/metrics", summary="Telemetry of collector and engine, for Prometheus", response_class=PlainTextResponse
    )
    async def metrics(request: Request) -> Response:
        try:
            _refuse_strangers(request, keys)
        except Rejection as refusal:
            return Response(refusal.body(), refusal.status, media_type="application/json")
        engines_own = ""
        if engine and engine_up:
            engines_own = await _telemetry_of(engine)
            engine_up.set(bool(engines_own))
        return PlainTextResponse(together(exposition(registry), engines_own), media_type=TEXT)

    return router


async def _telemetry_of(engine: Engine) -> str:
    """What the engine tells; empty if it does not answer, or not with telemetry."""
    try:
        answer = await engine.ask("/metrics", seconds=_TELEMETRY_SECONDS)
    except EngineAway:
        return ""
    return answer.text if answer.status_code == 200 else ""


def _refuse_strangers(request: Request, keys: KeyRing) -> None:
    """Beyond loopback only the secret key reads telemetry.

    Raises:
        Rejection: it was sent by somebody else.
    """
    peer = request.client.host if request.client else ""
    if is_on_loopback(peer, request.headers.get("host", ""), request.headers.keys()):
        return
    grant = keys.by_header(request.headers.get("authorization", "").encode("latin-1"))
    if grant is None:
        raise Rejection(Reason.INVALID_KEY, "none was sent; send `Authorization: Bearer <secret key>`")
    if not grant.secret:
        raise Rejection(Reason.FORBIDDEN, "a write key may only send events; reading needs the secret key")


def _documents(app: FastAPI, engine: Engine | None) -> APIRouter:
    """One description for the one port: ingest routes, the collector's own, and the engine's if it tells the reader.

    No page shows it: the usual viewers load their scripts from elsewhere. The engine has a page for reading.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def description(request: Request) -> dict[str, Any]:
        document = add_ingest_routes(app.openapi())
        if engine:
            try:
                answer = await engine.ask("/api/openapi.json", request.scope)
            except EngineAway:
                return document
            if answer.status_code == 200:
                document = add_paths(document, answer.json())
        return document

    return router


def _settings(keys: KeyRing) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.get("/v1/projects/{key}/settings", summary="What analytics.js asks for before it sends")
    async def settings(key: str, request: Request) -> Response:
        if not _has_project(keys, key):
            refusal = Rejection(Reason.UNKNOWN_ROUTE, "there is no project with this key")
            return Response(refusal.body(), refusal.status, media_type="application/json")
        settings = browser_settings(key, request.url.scheme, request.url.netloc)
        return JSONResponse(settings, headers={"access-control-allow-origin": "*"})

    return router


def _has_project(keys: KeyRing, key: str) -> bool:
    """Whether an app may send with it."""
    try:
        return not keys.by_key(key).watches
    except Rejection:
        return False
