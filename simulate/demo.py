"""The demo's traffic: the company's history into a running NorthStream, then live traffic until told to stop.

Does not start the product: it needs a collector's address and keys.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from simulate.company import Company
from simulate.live import LiveTraffic
from simulate.marker import Marker, read_marker, write_marker
from simulate.progress import Progress
from simulate.send import Sender, SendFailed, Sent, TimedMessage

HISTORY_DAYS = 244
PEOPLE = 6_000
LIVE_MESSAGES_PER_SECOND = 4.0
_MARK_EVERY_MS = 3 * 86_400_000


def run_demo(base_url: str, write_key: str, secret_key: str, data_dir: Path, seed: int, stop: threading.Event) -> None:
    """Send history (once per data folder), then live traffic, until `stop` is set.

    Blocks: run it in a thread or process of its own.

    Raises:
        SendFailed: the collector refuses for good or stays away.
    """
    asyncio.run(_demo(base_url, write_key, secret_key, data_dir, seed, stop))


async def _demo(
    base_url: str, write_key: str, secret_key: str, data_dir: Path, seed: int, stop: threading.Event
) -> None:
    now_ms = _now_ms()
    marker = _known_world(data_dir, seed, now_ms) if await _has_events(base_url, secret_key) else None
    marker = marker or _new_world(seed, now_ms)
    company = Company(marker.seed, datetime.fromisoformat(marker.start).date(), marker.end_ms, marker.people)
    async with Sender(base_url, write_key) as sender:
        await _send_history(company, sender, data_dir, marker, stop)
        await _send_live(LiveTraffic(company, _now_ms(), LIVE_MESSAGES_PER_SECOND), sender, stop)


async def _has_events(base_url: str, secret_key: str) -> bool:
    """Whether the product holds anything; a marker beside an empty log is worth nothing."""
    headers = {"authorization": f"Bearer {secret_key}"}
    async with httpx.AsyncClient(base_url=base_url, timeout=30.0, trust_env=False) as client:
        try:
            answer = await client.get("/api/quality", headers=headers)
        except httpx.TransportError:
            return True
    return answer.status_code != httpx.codes.OK or int(answer.json()["accepted"]) > 0


def _known_world(data_dir: Path, seed: int, now_ms: int) -> Marker | None:
    """The world that this data folder holds, if it is of this seed; an unfinished one keeps its end."""
    marker = read_marker(data_dir)
    return marker if marker is not None and marker.seed == seed and marker.end_ms <= now_ms else None


def _new_world(seed: int, now_ms: int) -> Marker:
    start = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=HISTORY_DAYS)
    return Marker(seed, PEOPLE, start.isoformat(), now_ms, 0)


async def _send_history(
    company: Company, sender: Sender, data_dir: Path, marker: Marker, stop: threading.Event
) -> None:
    """Everything from where the marker stands up to now; a company that was left alone has lived on meanwhile."""
    until_ms = _now_ms()
    progress = Progress(company.start_ms, until_ms)
    marked_ms = marker.sent_until_ms

    def on_sent(sent: Sent) -> None:
        nonlocal marked_ms
        progress.advance(sent.messages, sent.until_ms)
        if sent.until_ms - marked_ms >= _MARK_EVERY_MS:
            marked_ms = sent.until_ms
            write_marker(data_dir, replace(marker, sent_until_ms=marked_ms))

    await sender.send_all(_since(company, marker.sent_until_ms, until_ms), on_sent, stop.is_set)
    if stop.is_set():
        return
    write_marker(data_dir, replace(marker, sent_until_ms=until_ms))
    progress.finish()


def _since(company: Company, from_ms: int, until_ms: int) -> Iterator[TimedMessage]:
    """The part of the history not stored yet; the part before is lived through again, unsent."""
    return (timed for timed in company.timed_messages(until_ms) if timed[0] >= from_ms)


async def _send_live(traffic: LiveTraffic, sender: Sender, stop: threading.Event) -> None:
    while not stop.is_set():
        now_ms = _now_ms()
        await sender.send([(now_ms, message) for message in traffic.next(now_ms)])
        await asyncio.to_thread(stop.wait, traffic.pause_seconds())


def _now_ms() -> int:
    return int(time.time() * 1000)


__all__ = ["SendFailed", "run_demo"]
