"""The demo's traffic: the company's history and books into a running NorthStream, then live traffic until told to stop.

Does not start the product: it needs a collector's address and keys.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from simulate.company import Company
from simulate.facts import Bookkeeper
from simulate.live import LiveTraffic
from simulate.marker import Marker, read_marker, write_marker
from simulate.minutes import Secretary
from simulate.progress import Progress
from simulate.send import Sender, SendFailed, Sent, TimedMessage

__all__ = ["DEFAULT_SIZE", "SendFailed", "Size", "run_demo"]

LIVE_MESSAGES_PER_SECOND = 4.0
_MARK_EVERY_MS = 3 * 86_400_000


@dataclass(frozen=True, slots=True)
class Size:
    """How long the history of a new data folder is, and about how many people sign up in it."""

    days: int = 244
    people: int = 6_000


DEFAULT_SIZE = Size()


@dataclass(frozen=True, slots=True)
class Office:
    """Those who hand in what no event knows."""

    bookkeeper: Bookkeeper
    secretary: Secretary


def run_demo(
    base_url: str,
    write_key: str,
    secret_key: str,
    data_dir: Path,
    seed: int,
    stop: threading.Event,
    size: Size = DEFAULT_SIZE,
) -> None:
    """Send history (once per data folder), then live traffic, until `stop` is set.

    Blocks: run it in a thread or process of its own.

    Raises:
        SendFailed: the collector refuses for good or stays away.
    """
    now_ms = _now_ms()
    marker = _known_world(data_dir, seed, now_ms) if _has_events(base_url, secret_key) else None
    office = Office(Bookkeeper(base_url, secret_key), Secretary(base_url, secret_key))
    asyncio.run(_demo(Sender(base_url, write_key), office, data_dir, marker or _new_world(seed, now_ms, size), stop))


async def _demo(sender: Sender, office: Office, data_dir: Path, marker: Marker, stop: threading.Event) -> None:
    company = Company(marker.seed, date.fromisoformat(marker.start), marker.end_ms, marker.people)
    async with sender:
        await _send_history(company, sender, data_dir, marker, stop)
        if not stop.is_set():
            await office.bookkeeper.hand_in(company, _now_ms())
            await office.secretary.note(datetime.fromtimestamp(_now_ms() / 1000, UTC).date())
            await _send_live(company, sender, office.bookkeeper, stop)


def _has_events(base_url: str, secret_key: str) -> bool:
    """Whether the product holds anything; a marker beside an empty log is worth nothing. If in doubt it does."""
    headers = {"authorization": f"Bearer {secret_key}"}
    try:
        answer = httpx.get(f"{base_url}/api/quality", headers=headers, timeout=30.0, trust_env=False)
    except httpx.TransportError:
        return True
    return answer.status_code != httpx.codes.OK or int(answer.json()["accepted"]) > 0


def _known_world(data_dir: Path, seed: int, now_ms: int) -> Marker | None:
    """The world that this data folder holds, if it is of this seed; an unfinished one keeps its end."""
    marker = read_marker(data_dir)
    return marker if marker is not None and marker.seed == seed and marker.end_ms <= now_ms else None


def _new_world(seed: int, now_ms: int, size: Size) -> Marker:
    start = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=size.days)
    return Marker(seed, size.people, start.isoformat(), now_ms, 0)


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

    await sender.send_all(_history(company, marker.sent_until_ms, until_ms, stop), on_sent)
    if not stop.is_set():
        write_marker(data_dir, replace(marker, sent_until_ms=until_ms))
        progress.finish()


def _history(company: Company, from_ms: int, until_ms: int, stop: threading.Event) -> Iterator[TimedMessage]:
    """The part of the history not stored yet, until told to stop; the part before is lived through again, unsent."""
    for timed in company.timed_messages(until_ms):
        if stop.is_set():
            return
        if timed[0] >= from_ms:
            yield timed


async def _send_live(company: Company, sender: Sender, bookkeeper: Bookkeeper, stop: threading.Event) -> None:
    traffic = LiveTraffic(company, _now_ms(), LIVE_MESSAGES_PER_SECOND)
    while not stop.is_set():
        now_ms = _now_ms()
        await bookkeeper.hand_in(company, now_ms)
        await sender.send([(now_ms, message) for message in traffic.next(now_ms)])
        await asyncio.to_thread(stop.wait, traffic.pause_seconds())


def _now_ms() -> int:
    return int(time.time() * 1000)
