"""How long the read API and SQL take on the demo's history.

Does not measure the board's pages: they ask the same questions.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx

from bench.product import SECRET_HEADERS, WRITE_KEY, Running, product
from bench.tables import percentile, show, whole
from simulate.company import Company
from simulate.send import Sender

_SEED, _DAYS, _SIGNUPS = 7, 244, 6_000
_REPEATS = 40
_METRICS = ("dau", "wau", "mau", "stickiness", "signups", "activated", "activation_rate")


def main() -> None:
    """Print percentiles by question."""
    with product() as running:
        seconds, events = _send_history(running)
        rows = [_row(title, _ask(running, path)) for title, path in _questions()]
    note = f"{whole(events)} events of the demo, sent, counted and loaded in {seconds:.0f} s; {_REPEATS} times each."
    show("Queries of the read API", ["question", "p50 ms", "p95 ms"], rows, note)


def _send_history(running: Running) -> tuple[float, int]:
    """Seconds until all is settled, and how many events that is."""
    end_ms = time.time_ns() // 1_000_000
    start = datetime.fromtimestamp(end_ms / 1000, UTC).date() - timedelta(days=_DAYS)
    history = Company(_SEED, start, end_ms, _SIGNUPS).timed_messages(end_ms)

    async def send() -> None:
        async with Sender(f"http://127.0.0.1:{running.port}", WRITE_KEY) as sender:
            await sender.send_all(history, lambda _: None)

    started = time.monotonic()
    asyncio.run(send())
    events = running.faces.settle()["accepted"]
    return time.monotonic() - started, events


def _questions() -> list[tuple[str, str]]:
    today = datetime.now(UTC).date()
    year = f"from={today - timedelta(days=_DAYS)}&to={today}"
    asked = [(f"{metric}, 30 days", f"/api/metrics/{metric}") for metric in _METRICS]
    asked.append(("mau, 8 months by week", f"/api/metrics/mau?grain=week&{year}"))
    asked.append(("funnel, 8 months", f"/api/funnels/onboarding?{year}"))
    asked.append(("quality", "/api/quality"))
    return asked


def _ask(running: Running, path: str) -> Sequence[float]:
    """Milliseconds of each answer, one after the other on one connection."""
    delays = []
    base = f"http://127.0.0.1:{running.port}"
    with httpx.Client(base_url=base, headers=SECRET_HEADERS, trust_env=False, timeout=60) as client:
        client.get(path).raise_for_status()
        for _ in range(_REPEATS):
            started = time.perf_counter()
            client.get(path).raise_for_status()
            delays.append((time.perf_counter() - started) * 1000)
    return delays


def _row(title: str, delays: Sequence[float]) -> list[str]:
    return [title, f"{percentile(delays, 0.5):.0f}", f"{percentile(delays, 0.95):.0f}"]
