"""How long the metric catalogue takes at ten million events: every metric and board over HTTP, and keeping them fresh.

Does not count a stream: the counters are made up. `python -m bench.catalogue FOLDER` uses a history made before.
"""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.large_history import EVENTS, make_history
from bench.product import SECRET_HEADERS, SECRET_KEY, WRITE_KEY
from bench.tables import percentile, show, whole
from metrics.formula import Leaf, formula_of, leaves_of
from metrics.refresher import Refresh
from northstream.api_thread import ApiThread
from northstream.parts.boards import create_api
from northstream.parts.measuring import Measuring, open_measuring
from northstream.parts.stores import Stores
from northstream.settings import Settings
from schemas.catalogue import Catalogue
from schemas.computes import Balance, Concentration, Counter, Fact, FunnelConversion
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.client import Warehouse

_DAYS = 90
_REPEATS = 20
_NEW_EVENTS = 1_000
_PATIENCE_SECONDS = 60

_NEW = """
INSERT INTO northstream.events (message_id, type, event, user_id, occurred_ms, received_ms)
SELECT concat('new', toString(number)), 'track', 'Task Completed', concat('p', toString(number)), {now:Int64},
    {now:Int64}
FROM numbers({count:UInt64})
"""


def main() -> None:
    """Print how long answers and refreshes take."""
    with TemporaryDirectory(prefix="bench-") as folder:
        began = time.monotonic()
        make_history(Path(folder) / "warehouse", load_workspace(DEFAULT_WORKSPACE).stream, _today(), EVENTS)
        print(f"\n{whole(EVENTS)} events made in {time.monotonic() - began:.0f} s", flush=True)
        measure(Path(folder))


def measure(folder: Path) -> None:
    """All tables, over the history in a data folder."""
    refreshes: list[Refresh] = []
    with _opened(folder, refreshes) as (stores, measuring):
        full = _refreshed(measuring, refreshes)
        with _served(stores, measuring) as client:
            _show_metrics(client, measuring.measures.catalogue())
            _show_boards(client, measuring.measures.catalogue())
        now_ms = time.time_ns() // 1_000_000
        stores.warehouse.command(_NEW, {"now": now_ms, "count": _NEW_EVENTS})
        incremental = _refreshed(measuring, refreshes)
    rows = [["all of history", *full], [f"{_NEW_EVENTS} new events of today", *incremental]]
    columns = ["refresh", "computations", "s of computing", "slowest, s", "s with pauses and publishing"]
    show("Refreshing the catalogue", columns, rows, "One computation at a time, a pause as long as it took after each.")


@contextlib.contextmanager
def _opened(folder: Path, refreshes: list[Refresh]) -> Iterator[tuple[Stores, Measuring]]:
    settings = Settings(data_dir=folder, write_key=WRITE_KEY, secret_key=SECRET_KEY)
    with contextlib.ExitStack() as stack:
        events = stack.enter_context(contextlib.closing(LocalLog(folder / "events.db", EVENT_TOPICS, 1)))
        handoffs = stack.enter_context(contextlib.closing(LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, 1)))
        warehouse = Warehouse.embedded(folder / "warehouse")
        stack.callback(warehouse.close)
        stores = Stores.over(load_workspace(DEFAULT_WORKSPACE), warehouse, events, handoffs)
        background = Warehouse.embedded(folder / "warehouse", size=1)
        measuring = open_measuring(stores, settings, background, None, _raise, refreshes.append)
        stack.callback(measuring.stop)
        yield stores, measuring


def _refreshed(measuring: Measuring, refreshes: list[Refresh]) -> list[str]:
    """Refresh until nothing is due; number of computations, their seconds in all, of the slowest, and of the clock."""
    refreshes.clear()
    began = time.monotonic()
    while True:
        known = len(refreshes)
        measuring.refresh_now()
        if len(refreshes) == known:
            break
    seconds = [one.seconds for one in refreshes]
    return [str(len(seconds)), f"{sum(seconds):.1f}", f"{max(seconds):.2f}", f"{time.monotonic() - began:.1f}"]


@contextlib.contextmanager
def _served(stores: Stores, measuring: Measuring) -> Iterator[httpx.Client]:
    settings = Settings(write_key=WRITE_KEY, secret_key=SECRET_KEY)
    api = create_api(stores, settings, lambda: "", lambda: [], measuring.measures)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    thread = ApiThread([(api, listening)], api.state.close_streams, _raise)
    thread.start()
    try:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=base, headers=SECRET_HEADERS, trust_env=False, timeout=_PATIENCE_SECONDS) as client:
            yield client
    finally:
        thread.stop()


def _show_metrics(client: httpx.Client, catalogue: Catalogue) -> None:
    today = _today()
    rows = []
    for metric in catalogue.metrics:
        path = f"/api/metrics/{metric}?grain=day&from={today - timedelta(days=_DAYS - 1)}&to={today}"
        rows.append([metric, *_asked(client, path), _served_by(metric, catalogue)])
    note = f"{_REPEATS} times each, after the first answer; `cold` is the first one."
    show(f"Every metric over {_DAYS} days", ["metric", "p50 ms", "p95 ms", "cold ms", "served by"], rows, note)


def _show_boards(client: httpx.Client, catalogue: Catalogue) -> None:
    rows = [[board, *_asked(client, f"/api/boards/{board}")] for board in catalogue.boards]
    show("Every board", ["board", "p50 ms", "p95 ms", "cold ms"], rows)


def _asked(client: httpx.Client, path: str) -> list[str]:
    delays = []
    for _ in range(_REPEATS + 1):
        began = time.perf_counter()
        try:
            client.get(path).raise_for_status()
        except httpx.TimeoutException:
            return ["–", "–", f"over {whole(_PATIENCE_SECONDS * 1000)}"]
        delays.append((time.perf_counter() - began) * 1000)
    cold, *warm = delays
    return [f"{percentile(warm, 0.5):.0f}", f"{percentile(warm, 0.95):.0f}", f"{cold:.0f}"]


def _served_by(metric: str, catalogue: Catalogue) -> str:
    leaves = leaves_of(formula_of(metric, catalogue.metrics))
    return ", ".join(sorted({_source(leaf) for leaf in leaves}))


def _source(leaf: Leaf) -> str:
    match leaf.compute:
        case Counter():
            return "counters"
        case FunnelConversion():
            return "points of counters"
        case Balance() | Concentration():
            return "points of the subscription ledger"
        case Fact():
            return "points of facts"
        case _:
            return "points of metric_events"


def _today() -> date:
    return datetime.now(UTC).date()


def _raise(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
