"""How soon an alert that starts is at its receiver, with few rules and with many; and what one look at all rules costs.

Does not measure throughput: the load is steady and far below what the product takes.
"""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from bench.collector import bodies
from bench.paced import send_paced
from bench.product import WRITE_KEY, Faces, product
from bench.tables import median, percentile, show, whole
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace
from schemas.computes import STREAMED
from schemas.workspace import write_default_workspace

RATE = 1_000
STARTS = 100
RUNS = 3
BESIDE = (0, 200)
LOOKED_AT = (0, 200, 1_000)
"""Other rules beside, of all kinds: for the delays, and for the cost of a look."""

_BATCH = 10
_PAUSE_SECONDS = 0.25
_QUIET_SECONDS = 12.0
"""So long after the start nothing is measured: what rules look up for the first time is looked up then."""

_PATIENCE_SECONDS = 60.0
_RECEIVER = (
    '  - {{name: {name}, webhook: {{url: "http://127.0.0.1:{port}/", '
    'secret: "whsec_YmVuY2htYXJrLXNlY3JldA==", allow_private: true}}}}\n'
)
_DURATION = "northstream_alerter_evaluation_duration_seconds"

_KINDS = (
    "metric: {metric}, bucket: complete, condition: '> 1e12'",
    "metric: {streamed}, bucket: running, condition: '> 1e12'",
    "metric: {streamed}, change: {{against: last_week, unit: percent}}, condition: '< -99.9'",
    "metric: {streamed}, anomaly: {{buckets: 56, season: week}}, condition: '> 1e9'",
    "metric: signups, segment: {{channel: c{number}}}, bucket: running, condition: '> 1e12'",
    "metric: {streamed}, absent_for: {hours}h",
    "funnel: onboarding, step: {step}, bucket: running, condition: '> 1e12'",
    "metric: {metric}, change: {{against: previous}}, condition: '< -1e9'",
    "quality: quarantined, condition: '> 1e12'",
    "metric: {metric}, anomaly: {{buckets: 14, season: none}}, condition: '> 1e9'",
)
"""Every kind of rule, none of which ever fires."""


class Run(NamedTuple):
    """Delays of the starts in milliseconds, by receiver; how many never came; the looks meanwhile."""

    delays_ms: dict[str, list[float]]
    missing: int
    looks: "Looks"


class Looks(NamedTuple):
    times: float
    seconds: float

    def since(self, before: "Looks") -> "Looks":
        return Looks(self.times - before.times, self.seconds - before.seconds)

    @property
    def mean_ms(self) -> float:
        return self.seconds / self.times * 1000 if self.times else 0.0


@dataclass
class Receivers:
    """When each start first came, by receiver and alert; `ports` by name."""

    ports: dict[str, int]
    came: dict[str, dict[str, float]] = field(default_factory=lambda: {"one": {}, "two": {}})


def main() -> None:
    """Print both tables."""
    rows, looks = [], []
    for beside in BESIDE:
        runs = [_measure(beside) for _ in range(RUNS)]
        rows += [_row(beside, name, runs) for name in ("one", "two")]
        looks.append((beside, [run.looks for run in runs]))
    note = (
        f"{whole(RATE)} events/s in batches of {_BATCH}; every {_PAUSE_SECONDS} s one more signup, for which one of "
        f"{STARTS} rules waits. From the signup's 200 to the arrival at the receiver; three receivers are told of each "
        f"start, of which one takes the connection and never answers. Medians of {RUNS} runs."
    )
    columns = ["other rules", "receiver", "starts", "p50 ms", "p99 ms", "worst ms", "not told"]
    show("From an event's 200 to its alert's arrival", columns, rows, note)
    looks += [(beside, [_looks_beside(beside)]) for beside in LOOKED_AT if beside not in BESIDE]
    _show_looks(looks)


def _show_looks(looks: list[tuple[int, list["Looks"]]]) -> None:
    rows = [
        [whole(beside), whole(sum(one.times for one in of)), f"{median(one.mean_ms for one in of):.1f}"]
        for beside, of in looks
    ]
    note = f"At {whole(RATE)} events/s, besides {STARTS} rules on signups; as the alerter tells (`{_DURATION}`)."
    show("One look at the rules that are due", ["other rules", "looks", "mean ms"], rows, note)


def _row(beside: int, receiver: str, runs: list[Run]) -> list[str]:
    delays = [run.delays_ms[receiver] for run in runs]
    figures = (f"{median(percentile(each, share) for each in delays):.0f}" for share in (0.5, 0.99, 1.0))
    return [str(beside), receiver, str(sum(map(len, delays))), *figures, str(sum(run.missing for run in runs))]


def _measure(beside: int) -> Run:
    with _receivers() as receivers, _product(receivers, beside) as faces:
        answered, looks = asyncio.run(_start_alerts(faces))
        _wait_for(receivers, len(answered))
    delays = {
        name: [(came[alert] - at) * 1000 for alert, at in answered.items() if alert in came]
        for name, came in receivers.came.items()
    }
    return Run(delays, sum(len(answered) - len(each) for each in delays.values()), looks)


def _looks_beside(beside: int) -> Looks:
    """The same load and no starts."""
    with _receivers() as receivers, _product(receivers, beside) as faces:
        return asyncio.run(_only_load(faces))


async def _start_alerts(faces: Faces) -> tuple[dict[str, float], Looks]:
    """When each signup was answered, by the alert that it starts, and the looks meanwhile."""
    seconds = _QUIET_SECONDS + STARTS * _PAUSE_SECONDS * 2
    is_over = threading.Event()
    load = asyncio.create_task(
        send_paced(faces.port, bodies("alerts", _BATCH), _BATCH, RATE, seconds, 4, is_over.is_set)
    )
    answered: dict[str, float] = {}
    await asyncio.sleep(_QUIET_SECONDS)
    before = await asyncio.to_thread(_looks, faces)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{faces.port}", trust_env=False, timeout=30) as client:
        for number in range(STARTS):
            answer = await client.post("/v1/track", content=_signup(number), auth=(WRITE_KEY, ""))
            answered[f"Above{number}"] = time.perf_counter()
            answer.raise_for_status()
            await asyncio.sleep(_PAUSE_SECONDS)
    looks = (await asyncio.to_thread(_looks, faces)).since(before)
    is_over.set()
    await load
    return answered, looks


async def _only_load(faces: Faces) -> Looks:
    load = asyncio.create_task(send_paced(faces.port, bodies("alerts", _BATCH), _BATCH, RATE, 2 * _QUIET_SECONDS, 4))
    await asyncio.sleep(_QUIET_SECONDS)
    before = await asyncio.to_thread(_looks, faces)
    await load
    return (await asyncio.to_thread(_looks, faces)).since(before)


def _looks(faces: Faces) -> Looks:
    """How often the alerter has looked at its rules, and how long that took in all."""
    answer = httpx.get(f"{faces.api_url}/metrics", trust_env=False, timeout=60).raise_for_status()
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name in (f"{_DURATION}_count", f"{_DURATION}_sum")
    }
    return Looks(samples[f"{_DURATION}_count"], samples[f"{_DURATION}_sum"])


def _wait_for(receivers: Receivers, starts: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(len(came) < starts for came in receivers.came.values()) and time.monotonic() < deadline:
        time.sleep(0.1)


@contextlib.contextmanager
def _product(receivers: Receivers, beside: int) -> Iterator[Faces]:
    """A running one with a rule for each start, and so many others."""
    with TemporaryDirectory(prefix="bench-") as folder:
        workspace = Path(folder) / "workspace"
        write_default_workspace(workspace)
        metrics = [metric.id for metric in load_named_workspace(Settings(workspace=workspace)).metrics]
        for file in (workspace / "alerts").glob("*.yaml"):
            file.unlink()
        (workspace / "alerts" / "bench.yaml").write_text(_rules(receivers, beside, metrics), "utf-8")
        with product("--workspace", str(workspace)) as running:
            yield running.faces


def _rules(receivers: Receivers, beside: int, metrics: list[str]) -> str:
    told = "".join(_RECEIVER.format(name=name, port=port) for name, port in receivers.ports.items())
    starts = "".join(
        f'      - {{alert: Above{number}, metric: signups, bucket: running, condition: "> {number}"}}\n'
        for number in range(STARTS)
    )
    streamed, named = cycle(("dau", "signups", "wau", "mau", "activations")), cycle(set(metrics) - set(STREAMED))
    others = "".join(
        "      - {alert: Other"
        + f"{number}, "
        + kind.format(
            number=number, metric=next(named), streamed=next(streamed), hours=48 + number, step=1 + number % 4
        )
        + "}\n"
        for number, kind in enumerate(islice(cycle(_KINDS), beside))
    )
    groups = f"  - name: starts\n    receivers: [{', '.join(receivers.ports)}]\n    rules:\n{starts}"
    if others:
        groups += f"  - name: others\n    interval: 1s\n    rules:\n{others}"
    return f"receivers:\n{told}groups:\n{groups}"


@contextlib.contextmanager
def _receivers() -> Iterator[Receivers]:
    """Two that answer at once, and one that takes connections and never answers."""
    with contextlib.ExitStack() as stack:
        hanging = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        receivers = Receivers({"hanging": hanging.getsockname()[1]})
        for name in ("one", "two"):
            receivers.ports[name] = stack.enter_context(_answering(receivers.came[name]))
        yield receivers


@contextlib.contextmanager
def _answering(came: dict[str, float]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.perf_counter()
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if message["type"] == "alert.firing":
                came.setdefault(message["data"]["alert"], now)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _signup(number: int) -> bytes:
    return orjson.dumps(
        {"event": "Account Created", "userId": f"probe-{number}", "messageId": f"probe-{number}", "properties": {}}
    )
