"""A collector on a real socket over a real log, and optionally an engine on a Unix socket behind it."""

import asyncio
import contextlib
import json
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from ingest.app import create_app
from ingest.limits import Limits
from schemas.log import LogAppender
from schemas.topics import Kind, Topic
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, LocalLog

WRITE_KEY, SECRET_KEY, CAPTURED_KEY = "wk_test", "sk_test", "WK_FAKE"
PARTITIONS = 4


class Collector:
    """A running collector: its address, a client with a write key, one with none, and what lies in its log."""

    def __init__(self, url: str, log: LocalLog) -> None:
        self.url = url
        self.log = log
        self.client = httpx.Client(base_url=url, auth=(WRITE_KEY, ""), timeout=30)
        self.nobody = httpx.Client(base_url=url, timeout=30)

    def post(self, path: str, body: bytes | str | dict[str, Any], **more: Any) -> httpx.Response:
        content = json.dumps(body) if isinstance(body, dict) else body
        return self.client.post(path, content=content, **more)

    def lines(self, topic: Topic, kind: Kind) -> list[dict[str, Any]]:
        """Every line of a kind in the log, partition by partition, in order."""
        found = []
        for partition, end in self.log.ends(topic).items():
            for stored in self.log.read(topic, partition, 0, end.offset):
                if stored.record.kind is kind:
                    found += [json.loads(line) | {"partition": partition} for line in stored.record.value.splitlines()]
        return found

    def events(self) -> list[dict[str, Any]]:
        return self.lines(Topic.EVENTS, Kind.EVENTS)

    def links(self) -> list[dict[str, Any]]:
        return self.lines(Topic.EVENTS, Kind.LINKS)

    def quarantine(self) -> list[dict[str, Any]]:
        return self.lines(Topic.QUARANTINE, Kind.QUARANTINE)


Start = Callable[..., Collector]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts collectors; all of them end with the test."""
    with contextlib.ExitStack() as stack:

        def start(
            upstream: Path | None = None,
            limits: Limits | None = None,
            wrap: Callable[[LocalLog], LogAppender] | None = None,
        ) -> Collector:
            log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, PARTITIONS)
            stack.callback(log.close)
            app = create_app(
                log=wrap(log) if wrap else log,
                workspace=load_workspace(DEFAULT_WORKSPACE),
                write_keys={WRITE_KEY: "web", CAPTURED_KEY: "captured"},
                secret_keys={SECRET_KEY},
                limits=limits or Limits(),
                clock=lambda: time.time_ns() // 1_000_000,
                collector_id="c-test",
                upstream=upstream,
            )
            listener = socket.create_server(("127.0.0.1", 0))
            stack.enter_context(serving(app, listener))
            return Collector(f"http://127.0.0.1:{listener.getsockname()[1]}", log)

        yield start


@pytest.fixture
def collector(start: Start) -> Collector:
    return start()


@contextlib.contextmanager
def serving(app: Any, listener: socket.socket) -> Iterator[None]:
    """uvicorn on an open socket, in a thread, until the end of the block."""
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class StandInEngine:
    """A small engine on a Unix socket: it tells what it was asked, and streams."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.is_ready = True
        self.left = threading.Event()
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        self.path.unlink(missing_ok=True)
        listener.bind(str(self.path))
        listener.listen()
        self._stack.enter_context(serving(self._app(), listener))

    def stop(self) -> None:
        self._stack.close()

    def _app(self) -> Any:
        app = FastAPI(openapi_url=None)

        @app.get("/api/openapi.json", include_in_schema=False)
        async def description(request: Request) -> Response:
            is_viewer = (
                request.headers["x-northstream-peer"] == "127.0.0.1" and "x-forwarded-for" not in request.headers
            )
            return JSONResponse(app.openapi() if is_viewer else {}, 200 if is_viewer else 401)

        @app.get("/readyz")
        async def readyz() -> Response:
            return JSONResponse({}, 200 if self.is_ready else 503)

        @app.get("/metrics")
        async def metrics() -> Response:
            return PlainTextResponse("northstream_engine_alive 1\n")

        @app.get("/live/stream")
        async def stream(request: Request) -> Response:
            async def pieces() -> AsyncIterator[str]:
                try:
                    yield "data: 1\n\n"
                    while True:
                        await asyncio.sleep(0.02)
                        yield ": alive\n\n"
                finally:
                    self.left.set()

            return StreamingResponse(pieces(), media_type="text/event-stream")

        @app.api_route("/{path:path}", methods=["GET", "POST", "DELETE"], include_in_schema=False)
        async def tell(path: str, request: Request) -> Response:
            told = {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "headers": dict(request.headers),
                "body": (await request.body()).decode(),
            }
            return JSONResponse(told, 418 if path == "teapot" else 200, {"x-own": "kept"})

        return app


@pytest.fixture
def engine() -> Iterator[StandInEngine]:
    """Not started yet. Its socket lies in a short folder: the system allows about 100 bytes for the path."""
    with tempfile.TemporaryDirectory() as folder:
        engine = StandInEngine(Path(folder))
        yield engine
        engine.stop()
