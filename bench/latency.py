"""How soon an event is seen: in the counter that it moves, and at the receiver of the alert that it fires.

Does not measure throughput: the load is steady and far below what the product takes.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import orjson

from bench.collector import bodies
from bench.paced import send_paced
from bench.product import SECRET_HEADERS, WRITE_KEY, Faces, product
from bench.tables import percentile, show, whole
from schemas.workspace import write_default_workspace

RATE = 1_000
PROBES = 60
_BATCH = 10
_PROBE_SECONDS = 0.5
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0

_ALERTS = """
receivers:
  - name: bench
    webhook: {{url: "http://127.0.0.1:{port}/", secret: "whsec_YmVuY2htYXJrLXNlY3JldA==", allow_private: true}}
groups:
  - name: bench
    interval: 1s
    receiver: bench
    rules:
"""
_RULE = '      - {{alert: Above{number}, metric: signups, bucket: running, condition: "> {number}"}}\n'


def main() -> None:
    """Print both delays, from the sending of the event."""
    with alerting_workspace() as (workspace, delivered), product("--workspace", str(workspace)) as running:
        show_delays("Delay of an event", running.faces, delivered)


def show_delays(title: str, faces: Faces, delivered: Mapping[str, float]) -> None:
    """Send steadily with a signup now and then, and print how soon each is seen and told."""
    sent, seen = asyncio.run(_probe(faces))
    _wait_for_alerts(delivered)
    visible = [(seen[number] - at) * 1000 for number, at in sent.items()]
    alerted = [
        (delivered[f"Above{number}"] - at) * 1000 for number, at in sent.items() if f"Above{number}" in delivered
    ]
    rows = [
        _row("event → counter visible in /api/metrics", visible),
        _row("event → alert delivered by webhook", alerted),
    ]
    note = (
        f"{whole(RATE)} events/s in batches of {_BATCH}; every {_PROBE_SECONDS} s one more signup, for which one of "
        f"{PROBES} rules waits. From before it is sent; the counter is read every {_POLL_SECONDS * 1000:.0f} ms."
    )
    show(title, ["", "samples", "p50 ms", "p99 ms", "worst ms"], rows, note)


@contextlib.contextmanager
def alerting_workspace() -> Iterator[tuple[Path, Mapping[str, float]]]:
    """A workspace with one rule for each probe, and when the firing of each alert first came to its receiver."""
    with _alert_receiver() as (port, delivered), TemporaryDirectory(prefix="bench-") as folder:
        workspace = Path(folder) / "workspace"
        write_default_workspace(workspace)
        rules = "".join(_RULE.format(number=number) for number in range(PROBES))
        for file in (workspace / "alerts").glob("*.yaml"):
            file.unlink()
        (workspace / "alerts" / "bench.yaml").write_text(_ALERTS.format(port=port) + rules, "utf-8")
        yield workspace, delivered


@contextlib.contextmanager
def _alert_receiver() -> Iterator[tuple[int, dict[str, float]]]:
    """A webhook's receiver: its port, and when the firing of each alert first came."""
    delivered: dict[str, float] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.perf_counter()
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if message["type"] == "alert.firing":
                delivered.setdefault(message["data"]["alert"], now)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], delivered
    finally:
        server.shutdown()
        server.server_close()


async def _probe(faces: Faces) -> tuple[dict[int, float], dict[int, float]]:
    """When each signup was sent, and when the counter was first seen to hold it."""
    seconds = PROBES * _PROBE_SECONDS + 2
    load = asyncio.create_task(send_paced(faces.port, bodies("latency", _BATCH), _BATCH, RATE, seconds, 4))
    sent: dict[int, float] = {}
    seen: dict[int, float] = {}
    base = f"http://127.0.0.1:{faces.port}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as client:
        watching = asyncio.create_task(_watch(faces, seen))
        for number in range(PROBES):
            await asyncio.sleep(_PROBE_SECONDS)
            sent[number] = time.perf_counter()
            answer = await client.post("/v1/track", content=_signup(number), auth=(WRITE_KEY, ""))
            answer.raise_for_status()
        await asyncio.wait_for(watching, _PATIENCE_SECONDS)
    await load
    return sent, seen


async def _watch(faces: Faces, seen: dict[int, float]) -> None:
    async with httpx.AsyncClient(base_url=faces.api_url, trust_env=False, timeout=30) as client:
        while len(seen) < PROBES:
            today = datetime.now(UTC).date().isoformat()
            answer = await client.get(f"/api/metrics/signups?from={today}&to={today}", headers=SECRET_HEADERS)
            now, value = time.perf_counter(), answer.raise_for_status().json()["points"][0]["value"]
            for number in range(int(value or 0)):
                seen.setdefault(number, now)
            await asyncio.sleep(_POLL_SECONDS)


def _signup(number: int) -> bytes:
    return orjson.dumps(
        {"event": "Account Created", "userId": f"probe-{number}", "messageId": f"probe-{number}", "properties": {}}
    )


def _wait_for_alerts(delivered: Mapping[str, float]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(delivered) < PROBES and time.monotonic() < deadline:
        time.sleep(0.1)


def _row(title: str, delays_ms: list[float]) -> list[str]:
    figures = (f"{percentile(delays_ms, share):.0f}" for share in (0.5, 0.99, 1.0))
    return [title, str(len(delays_ms)), *figures]
