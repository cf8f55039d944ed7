"""A collector that is told to stop finishes what it has begun and does not wait for what never ends."""

import asyncio
import logging
import secrets
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest.app import create_app
from ingest.limits import Limits
from northstream.serving import create_server
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, LocalLog

DRAIN_SECONDS = 60


async def test_live_streams_end_when_the_collector_stops(
    engine: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whole, so that no reader sees an error, and at once: the test would time out if the drain waited for them."""
    engine.start()
    log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, 1)
    app = create_app(
        log=log,
        workspace=load_workspace(DEFAULT_WORKSPACE),
        write_keys={},
        secret_keys=(),
        limits=Limits(),
        clock=lambda: time.time_ns() // 1_000_000,
        collector_id=secrets.token_hex(6),
        upstream=engine.path,
    )
    server = create_server(app, DRAIN_SECONDS, app.end_streams)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.run_on(listener))
    async with (
        asyncio.timeout(DRAIN_SECONDS / 2),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client,
        client.stream("GET", "/live/stream") as answer,
    ):
        pieces = answer.aiter_text()
        assert (await anext(pieces)).startswith("data: 1")
        server.stop()
        async for _ in pieces:
            pass
        await serving
    log.close()
    assert engine.left.wait(10)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
