"""Events of the self-watch on their whole way, HTTP to warehouse: known when they came out, and in no number.

One product for all tests of this file, which go on from one another's events.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from integration.stream.rig import PARTITIONS, Rig, drive, load
from integration.stream.served_collector import served_collector

from northstream.clock import unix_ms
from northstream.keys import watch_key
from northstream.parts.watching import NotAccepted, WatchSender, batch, devices_of
from northstream.settings import Settings
from schemas.log import LogReader, LogUnavailable
from schemas.topics import Topic
from stream.worker import Worker
from warehouse.client import DATABASE, Warehouse
from warehouse.reports import WarehouseReports
from warehouse.watch import WatchReport

SETTINGS = Settings(write_key="wk_test", secret_key="sk_test")
APP = [
    {"type": "identify", "userId": "ana", "anonymousId": "d1", "messageId": "m1"},
    {"type": "track", "event": "Account Created", "userId": "ana", "messageId": "m2"},
    {"type": "track", "event": "Project Created", "anonymousId": "d2", "messageId": "m3"},
    {"type": "page", "name": "Pricing", "anonymousId": "northstream-watch-0", "messageId": "m4"},
    {"type": "track", "messageId": "m5"},
]
"""One of them is flagged, one goes to quarantine, one is of a device by which the watch goes."""

POSITIONS = {"version", "events_position", "handoffs_position", "from_offset", "to_offset", "token", "at", "lineage"}
POSITIONS |= {"watched_ms", "up_to"}
"""Columns that say where readers stand."""

READERS = ("counter_heads", "checkpoint_headers", "lineage_segments", "load_ranges", "loads")
"""Tables and views that say where readers stand."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("product"))
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def url(product: Rig) -> Iterator[str]:
    with served_collector(product.events, SETTINGS) as url:
        answer = httpx.post(f"{url}/v1/batch", json={"batch": APP}, auth=(SETTINGS.write_key, ""), trust_env=False)
        assert answer.json()["accepted"] == 4
        yield url


def sender(url: str) -> WatchSender:
    return WatchSender(SETTINGS, url, PARTITIONS)


def report(product: Rig, is_on: bool = True, warehouse: Any = None, log: Any = None) -> WatchReport:
    return WatchReport(warehouse or product.warehouse, log or product.events, unix_ms, is_on)


async def count(product: Rig, worker: Worker | None = None) -> None:
    """What is in the log; by a worker that has just taken everything over, if none is named."""
    await drive(product, worker or product.worker(product.store), random.Random(1))


def everything(warehouse: Warehouse) -> dict[str, list[str]]:
    """The rows of every table and view; of those that say where readers stand, what else they say."""
    names = warehouse.rows("SELECT name FROM system.tables WHERE database = {database:String}", {"database": DATABASE})
    found = {}
    for (name,) in names:
        rows = warehouse.records(f"SELECT * FROM {DATABASE}.{name}")
        found[name] = sorted(_beside_positions(rows) if name in READERS else map(str, rows))
    # How far all is complete moves on by itself.
    return {name: rows for name, rows in found.items() if name != "completed_through"}


def _beside_positions(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Each once, as its engine will leave it; a range without lines says nothing."""
    kept = [row for row in rows if row.get("lines") != 0]
    return {str({column: value for column, value in row.items() if column not in POSITIONS}) for row in kept}


def figures(product: Rig) -> Mapping[str, Any]:
    """What the API tells, but for the moment up to which all is complete."""
    reports = WarehouseReports(product.warehouse, product.events, product.handoffs, unix_ms)
    quality = reports.quality()
    return {
        "quality": (quality.accepted, quality.quarantined, quality.flagged, quality.duplicates, quality.late),
        "lag": quality.completeness.lag_events,
        "days": reports.data_days(),
        "daily": reports.daily(["dau", "wau", "mau", "signups", "activations"], date(2000, 1, 1), date.max),
        "latest": reports.latest_events(100),
        "persons": [reports.person(name) for name in ("ana", "d1", "d2", *devices_of(PARTITIONS))],
        "messages": [reports.event(f"m{number}") for number in range(1, 6)],
    }


def telemetry(url: str) -> list[str]:
    """The collector's own numbers, but for the work of appending."""
    lines = httpx.get(f"{url}/metrics", trust_env=False).text.splitlines()
    work = ("append", "records_total", "process_", "python_", "log_lines")
    return [line for line in lines if not line.startswith("#") and not any(word in line for word in work)]


async def test_no_table_view_or_figure_knows_of_the_watch(product: Rig, url: str) -> None:
    """Everything reads as before, and everything is settled while they are still on their way."""
    worker = product.worker(product.store)
    await count(product, worker)
    load(product)
    before = everything(product.warehouse), figures(product), telemetry(url)
    people = await _people(product)
    for _ in range(5):
        sender(url).send()
    assert figures(product)["lag"] == 0
    await count(product, worker)
    load(product)
    after = everything(product.warehouse), figures(product), telemetry(url)
    assert {name: rows for name, rows in after[0].items() if rows != before[0][name]} == {}
    assert len(after[0]["events"]) == 4
    assert after[1:] == before[1:]
    assert after[1]["quality"][:3] == (4, 1, 4)
    assert await _people(product) == people


async def _people(product: Rig) -> dict[int, list[tuple[str, bytes]]]:
    """What the next owners would start with."""
    headers = product.store.latest_headers(range(PARTITIONS))
    return {number: sorted(product.store.load_people(number, header.lineage)) for number, header in headers.items()}


async def test_it_is_known_once_it_has_come_out_everywhere(product: Rig, url: str) -> None:
    """Counted and published, and loaded, on every partition; each restart and each owner goes on from there."""
    sender(url).send()
    sent_ms = _last_sent_ms(product)
    await count(product)
    assert report(product).seconds(sent_ms) != 0.0
    load(product)
    assert report(product).seconds(sent_ms + 7_000) == 7.0
    await count(product)
    assert report(product).seconds(sent_ms + 8_000) == 8.0
    # A reader whose clock lies behind.
    assert report(product).seconds(sent_ms - 60_000) == 0.0


async def test_one_partition_that_stands_still_makes_it_old(product: Rig, url: str) -> None:
    """The oldest counts, in the stream as in the loader."""
    sent_ms = _last_sent_ms(product)
    assert _send_to_all_but_the_first(url) == PARTITIONS - 1
    await count(product)
    load(product)
    assert report(product).seconds(sent_ms + 60_000) == 60.0


def _send_to_all_but_the_first(url: str) -> int:
    body, headers = batch(devices_of(PARTITIONS)[1:], unix_ms()), {"Authorization": f"Bearer {watch_key(SETTINGS)}"}
    accepted: int = httpx.post(f"{url}/v1/batch", content=body, headers=headers, trust_env=False).json()["accepted"]
    return accepted


class Away:
    """A warehouse, or a log, that does not answer any more."""

    def __init__(self, there: Any) -> None:
        self.there = there
        self.is_away = False

    def rows(self, *args: Any) -> Any:
        if self.is_away:
            raise LogUnavailable("away")
        return self.there.rows(*args)


def test_while_nothing_answers_it_grows(product: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot look must not say that all is well."""
    monkeypatch.setattr("warehouse.watch.REMEMBERED_SECONDS", 0.0)
    away = Away(product.warehouse)
    watch = report(product, warehouse=away)
    now_ms = unix_ms()
    known = watch.seconds(now_ms)
    assert known is not None
    away.is_away = True
    assert watch.seconds(now_ms + 90_000) == pytest.approx(known + 90.0)


def test_a_watch_that_never_came_is_as_old_as_the_process(product: Rig, tmp_path: Path) -> None:
    """Else one that cannot begin would never be missed. Switched off it has no age."""

    class Wider:
        """A log with a partition that the warehouse has never heard of."""

        partitions = PARTITIONS + 1

    began_ms = unix_ms()
    age = report(product, log=Wider()).seconds(began_ms + 30_000)
    assert age is not None
    assert 25 < age <= 30
    assert report(product, is_on=False).seconds(began_ms) is None


def test_a_key_that_is_not_the_watchs_is_told_apart(url: str) -> None:
    """The log of the sender says what to mend; a collector that is away is an ordinary failure."""
    stranger = WatchSender(Settings(secret_key="sk_other"), url, PARTITIONS)
    with pytest.raises(NotAccepted, match="SECRET_KEY"):
        stranger.send()
    with pytest.raises(OSError, match="refused"):
        sender("http://127.0.0.1:1").send()


def _last_sent_ms(product: Rig) -> int:
    """When the last event of the watch on partition 0 was sent."""
    log: LogReader = product.events
    end = log.end_offsets(Topic.EVENTS)[0]
    return next(
        stored.record.watched_ms
        for offset in range(end - 1, -1, -1)
        for stored in log.read(Topic.EVENTS, 0, offset, 1)
        if stored.record.watched_ms
    )
