"""How soon `northstream up` is ready, and how soon a lone event is answered by the collector.

Does not load anything.
"""

import asyncio
import time

from bench.collector import bodies
from bench.paced import post
from bench.product import collector_alone, product
from bench.tables import median, percentile, show
from bench.wrk import MARKER

RUNS = 3
_LONE_REQUESTS = 500
_PAUSE_SECONDS = 0.005

LONE_COLUMNS = ("events", "p50 ms", "p99 ms")
LONE_NOTE = f"{_LONE_REQUESTS} requests on one connection, {_PAUSE_SECONDS * 1000:.0f} ms apart"


def main() -> None:
    """Print both."""
    starts = []
    for _ in range(RUNS):
        with product() as running:
            starts.append(running.ready_seconds)
    row = [f"{median(starts):.1f}", f"{max(starts):.1f}"]
    show("Start → ready, seconds", ["median", "slowest"], [row], f"{RUNS} starts on an empty data folder.")
    rows = []
    for size in (1, 100):
        with collector_alone() as running:
            rows.append(lone_row(running.port, size))
    show("A lone request", LONE_COLUMNS, rows, f"{LONE_NOTE}; no engine runs.")


def lone_row(port: int, size: int) -> list[str]:
    """Percentiles of requests of `size` events, one at a time."""
    delays = asyncio.run(_lone(port, size))
    return [str(size), f"{percentile(delays, 0.5):.2f}", f"{percentile(delays, 0.99):.2f}"]


async def _lone(port: int, size: int) -> list[float]:
    """Milliseconds of requests with pauses between them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    made, delays = bodies("lone", size), []
    for number in range(_LONE_REQUESTS):
        body = made[number % len(made)].replace(MARKER.encode(), b"%010d" % number)
        started = time.perf_counter()
        status = await post(reader, writer, "/v1/batch" if size > 1 else "/v1/track", body)
        assert status == 200, status
        delays.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(_PAUSE_SECONDS)
    writer.close()
    return delays
