"""What a worker does when the warehouse refuses, the log has lost records, others claim, or the machine is too busy."""

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from integration.stream.collected import later
from integration.stream.rig import PARTITIONS, Rig, drive, feed
from properties.random_histories import random_history
from properties.stream_harness import DEFINITIONS

from schemas.checkpoints import Owner, StoreUnavailable
from schemas.log import LogCutShort
from schemas.topics import Topic
from stream import cycles, taking
from stream.log.local import LocalLog
from stream.worker import NextOffsets, Outranked, Worker, WorkerSettings

EVERY = range(PARTITIONS)
DAY = 86_400_000


class RefusingStore:
    """The real store, which takes no headers while `refuses`."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.refuses = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write_headers(self, rows: Any) -> None:
        if self.refuses:
            raise StoreUnavailable("no headers now")
        self._store.write_headers(rows)


async def _ignore(stored: NextOffsets) -> None:
    """Commits are not looked at."""


async def unread(rig: Rig, worker: Worker) -> list[Any]:
    """Events that the worker has not applied."""
    return [
        stored
        for number, one in worker._cycles.owned.items()
        for stored in rig.events.read(Topic.EVENTS, number, one.events, 100)
    ]


async def test_a_partition_that_closes_a_day_stands_still_until_the_header_is_durable(rig: Rig) -> None:
    """However often the header is refused: else a merge could be handed off with a day that no heir knows of."""
    rig.send(random_history(51, 40))
    store = RefusingStore(rig.store)
    worker = rig.worker(store)
    appending = asyncio.create_task(worker.run_hand_offs())
    await feed(rig, worker, random.Random(1))
    await worker.cycle(force_checkpoint=True)
    rig.send(later(rig.sent, random_history(52, 40)))
    store.refuses = True
    for stored in await unread(rig, worker):
        await worker.apply(stored)
    worker._cycles._over_ms += 400 * DAY
    await worker.cycle(force_checkpoint=True)
    await worker.cycle(force_checkpoint=True)
    one = worker._cycles.owned[0]
    assert one.is_closing
    rig.send(later(rig.sent, random_history(53, 60)))
    stored = rig.events.read(Topic.EVENTS, 0, one.events, 1)[0]
    waiting = asyncio.create_task(worker.apply(stored))
    await asyncio.wait((waiting,), timeout=1)
    assert not waiting.done()
    store.refuses = False
    await worker.cycle(force_checkpoint=True)
    await waiting
    assert one.events == stored.offset + 1
    appending.cancel()


async def test_a_partition_that_is_given_up_while_it_closes_a_day_lets_go(rig: Rig) -> None:
    """Whoever waits to apply one of its records goes away empty-handed."""
    rig.send(random_history(51, 40))
    store = RefusingStore(rig.store)
    worker = rig.worker(store)
    appending = asyncio.create_task(worker.run_hand_offs())
    await feed(rig, worker, random.Random(1))
    store.refuses = True
    worker._cycles._over_ms += 400 * DAY
    await worker.cycle(force_checkpoint=True)
    rig.send(later(rig.sent, random_history(53, 60)))
    one = worker._cycles.owned[0]
    at = one.events
    waiting = asyncio.create_task(worker.apply(rig.events.read(Topic.EVENTS, 0, at, 1)[0]))
    await asyncio.wait((waiting,), timeout=0.5)
    await worker.revoke(EVERY)
    await worker.take_partitions([1, 2], 2)
    await waiting
    assert one.events == at
    appending.cancel()


async def test_a_log_that_ends_before_what_was_read_is_refused(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next records would be taken for those that were read, and be missing without a word."""
    monkeypatch.setattr(taking, "CUT_SHORT_PATIENCE_SECONDS", 0.0)
    rig.send(random_history(54, 40))
    await drive(rig, rig.worker(rig.store), random.Random(1))
    fresh = LocalLog(tmp_path / "fresh.db", [Topic.EVENTS, Topic.QUARANTINE], PARTITIONS)
    with pytest.raises(LogCutShort, match="KAFKA"):
        await worker_over(rig, fresh).take_partitions(EVERY, 1)
    fresh.close()


async def test_a_log_that_is_cut_short_meanwhile_ends_the_worker(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once that has lasted: a partition's new leader does not know at once how far it reaches."""
    monkeypatch.setattr(cycles, "CUT_SHORT_PATIENCE_SECONDS", 1.0)
    rig.send(random_history(54, 40))
    log = ShrinkingLog(rig.events)
    worker = worker_over(rig, log)
    await drive(rig, worker, random.Random(1))
    log.lost = 1
    await worker.cycle()
    log.lost = 0
    await worker.cycle()
    log.lost = 1
    await worker.cycle()
    await asyncio.sleep(1.1)
    with pytest.raises(LogCutShort):
        await worker.cycle()


class ShrinkingLog:
    """The real log, whose last records are `lost`."""

    def __init__(self, log: LocalLog) -> None:
        self._log = log
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def end_offsets(self, topic: Topic) -> Mapping[int, int]:
        return {number: max(0, end - self.lost) for number, end in self._log.end_offsets(topic).items()}


def worker_over(rig: Rig, log: Any) -> Worker:
    return Worker(DEFINITIONS, rig.store, log, rig.handoffs, rig.handoffs, settings=WorkerSettings(0, 0))


async def test_headers_of_outranked_owners_say_nothing(rig: Rig) -> None:
    """The next owner may have started before one that was written behind its back."""
    rig.send(random_history(55, 40))
    await drive(rig, rig.worker(rig.store), random.Random(1))
    worker = rig.worker(rig.store)
    await worker.take_partitions([0], 1)
    worker._cycles._look_at_others()
    assert worker._cycles._others.keys() == {1, 2}
    rig.store.write_claims({1: Owner(99, 1)})
    worker._cycles._others_at = 0.0
    worker._cycles._look_at_others()
    assert worker._cycles._others.keys() == {2}


async def test_an_idle_owner_of_all_partitions_learns_of_a_claim(rig: Rig) -> None:
    """One that was on its way when its writer died: until somebody claims above it, nothing is settled."""
    worker = rig.worker(rig.store)
    worker.join_group(600.0, _ignore)
    await worker.take_partitions(EVERY, 1)
    await worker.cycle(force_checkpoint=True)
    worker._cycles.applied.clear()
    rig.store.write_claims({0: Owner(99, 1)})
    with pytest.raises(Outranked):
        await asyncio.wait_for(worker.run(), 60)


async def test_the_last_checkpoint_waits_for_a_machine_that_is_too_busy(rig: Rig) -> None:
    """A moment's lateness is no reason to have everything read again."""
    rig.send(random_history(56, 40))
    worker = rig.worker(rig.store)
    worker.join_group(600.0, _ignore)
    appending = asyncio.create_task(worker.run_hand_offs())
    await worker.take_partitions(EVERY, 1)
    for stored in await unread(rig, worker):
        await worker.apply(stored)
    worker._ticks._last = time.monotonic() - 400
    asyncio.get_running_loop().call_later(1.0, worker._ticks.start)
    await worker.finish()
    stored_at = {number: header.positions.events for number, header in rig.store.latest_headers(EVERY).items()}
    assert stored_at == {number: one.events for number, one in worker._cycles.owned.items()}
    appending.cancel()
