"""The collector alone: batches and single events by number of connections, latency, processor time, nothing lost.

Does not measure the engine: none runs. What is stored is counted in the log afterwards.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.processes import cpu_seconds
from bench.product import WRITE_KEY, Running, collector_alone
from bench.tables import median, show, whole
from bench.wrk import MARKER, Loaded, load, require_wrk
from simulate.load import Load

BATCH_EVENTS = 100
BATCH_CONNECTIONS = (1, 8, 16, 32, 64)
SINGLE_CONNECTIONS = (1, 16, 64)
RUNS = 3
SECONDS = 5
_WARM_UP_SECONDS = 1
_BODIES = 40

_STORED = "SELECT coalesce(sum(count), 0) FROM records WHERE kind = 'events'"
_QUARANTINED = "SELECT coalesce(sum(count), 0) FROM records WHERE kind = 'quarantine'"


@dataclass(frozen=True, slots=True)
class Target:
    """A running collector. `cpu`: processor seconds used so far, by role; `stored`: events that its log holds."""

    port: int
    cpu: Callable[[], dict[str, float]]
    stored: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of wrk and what the log held of it afterwards. `lost` were answered 200 and are not there."""

    loaded: Loaded
    events_per_request: int
    cpu_seconds: dict[str, float]
    lost: int

    @property
    def events(self) -> int:
        return self.loaded.requests * self.events_per_request

    @property
    def per_second(self) -> float:
        return self.events / self.loaded.seconds

    def cpu_per_million(self, role: str) -> float:
        return self.cpu_seconds[role] / self.events * 1e6


def bodies(run: str, size: int, count: int = _BODIES) -> list[bytes]:
    """Different bodies for `/v1/batch` (or, of one event, `/v1/track`) whose ids differ by `MARKER`."""
    at_ms = time.time_ns() // 1_000_000
    feed = Load(run)
    made = feed.batches(count, size, at_ms) if size > 1 else feed.singles(count, at_ms)
    return [body.replace(f"load-{run}-".encode(), f"load-{run}-{MARKER}-".encode()) for body in made]


def main() -> None:
    """Print the tables of batches and singles."""
    require_wrk()
    note = (
        f"Medians of {RUNS} runs of {SECONDS} s, wrk with one thread; no engine runs. Lost: answered, not in the log."
    )
    for size, choices in ((BATCH_EVENTS, BATCH_CONNECTIONS), (1, SINGLE_CONNECTIONS)):
        rows = [row(connections, _measure(size, connections)) for connections in choices]
        show(f"Collector: {title(size)}", columns("collector"), rows, note)


def _measure(size: int, connections: int) -> list[Run]:
    """Several runs against one collector with a new log."""
    with collector_alone() as running:
        pid = running.pids["collector"]
        target = Target(running.port, lambda: {"collector": cpu_seconds(pid)}, lambda: _stored(running))
        return measure(target, size, connections, RUNS, SECONDS)


def measure(target: Target, size: int, connections: int, runs: int, seconds: int) -> list[Run]:
    """Several runs, after a short one that is not counted. Ids differ between calls of different arguments."""
    _run(target, size, connections, _WARM_UP_SECONDS, "warm")
    return [_run(target, size, connections, seconds, f"r{number}") for number in range(runs)]


def _run(target: Target, size: int, connections: int, seconds: int, name: str) -> Run:
    path = "/v1/batch" if size > 1 else "/v1/track"
    made = bodies(f"{name}-{size}-{connections}", size)
    before, cpu = _steady(target.stored), target.cpu()
    loaded = load(target.port, WRITE_KEY, path, made, connections, seconds)
    used = {role: now - cpu[role] for role, now in target.cpu().items()}
    answered = (loaded.requests - loaded.refused) * size
    # What was under way when wrk ended may be stored as well: more is no loss.
    return Run(loaded, size, used, max(0, answered - (_steady(target.stored) - before)))


def _steady(stored: Callable[[], int]) -> int:
    """Once requests that wrk has given up are appended too."""
    last = -1
    while (found := stored()) != last:
        last = found
        time.sleep(0.1)
    return last


def _stored(running: Running) -> int:
    with sqlite3.connect(f"file:{running.data_dir}/log/events.db?mode=ro", uri=True) as connection:
        stored = connection.execute(_STORED).fetchone()[0]
        quarantined = connection.execute(_QUARANTINED).fetchone()[0]
    connection.close()
    if quarantined:
        raise AssertionError(f"{quarantined} events of the load were quarantined: it is not what it should be")
    return int(stored)


def title(size: int) -> str:
    """What is sent."""
    return f"{size} event{'s' if size > 1 else ''} of about 610 B in a request"


def columns(*roles: str) -> list[str]:
    """Of `row`, for runs with the processor time of these roles."""
    cpu = [f"CPU s per 1M events: {role}" for role in roles]
    return ["connections", "events/s", "p50 ms", "p99 ms", *cpu, "lost", "refused"]


def row(connections: int, runs: list[Run]) -> list[str]:
    """Medians of the runs."""
    return [
        str(connections),
        whole(median(run.per_second for run in runs)),
        f"{median(run.loaded.p50_ms for run in runs):.2f}",
        f"{median(run.loaded.p99_ms for run in runs):.2f}",
        *(f"{median(run.cpu_per_million(role) for run in runs):.1f}" for role in runs[0].cpu_seconds),
        str(sum(run.lost for run in runs)),
        str(sum(run.loaded.refused + run.loaded.broken for run in runs)),
    ]
