"""What a worker does between a revocation and the next assignment: real log, real engine, no broker."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import pytest
from integration.stream.collected import later
from integration.stream.rig import PARTITIONS, Rig, drive
from properties.random_histories import random_history

from schemas.checkpoints import Header
from schemas.topics import Topic
from stream.worker import Worker

EVERY = range(PARTITIONS)


def headers(rig: Rig) -> Mapping[int, Header]:
    return rig.store.latest_headers(EVERY)


async def read(rig: Rig, worker: Worker, partition: int) -> int:
    """Apply what the worker has not read of a partition's events; the next offset."""
    records = rig.events.read(Topic.EVENTS, partition, 0, 1000)
    for stored in records:
        await worker.apply(stored)
    return records[-1].offset + 1


async def appending(worker: Worker) -> "asyncio.Task[None]":
    return asyncio.create_task(worker.run_hand_offs())


async def test_a_revocation_ends_with_a_last_checkpoint_and_silence_after_it(rig: Rig) -> None:
    """The next owner has little to read again, and nothing comes behind its back."""
    rig.send(random_history(41, 40))
    worker = rig.worker(rig.store)
    hand_offs = await appending(worker)
    await worker.take_partitions(EVERY, 1)
    end = await read(rig, worker, 0)
    await worker.revoke(EVERY)
    last = headers(rig)
    assert last[0].positions.events == end
    await read(rig, worker, 1)
    await worker.cycle(force_checkpoint=True)
    assert headers(rig) == last
    await worker.take_partitions(EVERY, 2)
    await worker.cycle(force_checkpoint=True)
    assert headers(rig)[1].positions.events > last[1].positions.events
    hand_offs.cancel()


async def test_kept_partitions_go_on_from_what_is_applied(rig: Rig) -> None:
    """They are revoked and assigned again at each rebalance; nothing of them is read again or claimed again."""
    rig.send(random_history(42, 40))
    worker = rig.worker(rig.store)
    hand_offs = await appending(worker)
    await worker.take_partitions(EVERY, 1)
    claims = rig.store.highest_claims(EVERY)
    end = await read(rig, worker, 0)
    await worker.revoke(EVERY)
    offsets = await worker.take_partitions([0, 1], 2)
    assert offsets[Topic.EVENTS, 0] == end
    assert {number for _, number in offsets} == {0, 1}
    assert rig.store.highest_claims(EVERY) == claims
    hand_offs.cancel()


async def test_a_kept_partition_that_somebody_claimed_meanwhile_is_taken_anew(rig: Rig) -> None:
    """An assignment in between may have passed unnoticed: what is in memory is not the truth any more."""
    rig.send(random_history(43, 40))
    worker = rig.worker(rig.store)
    await worker.take_partitions(EVERY, 1)
    await worker.revoke(EVERY)
    await drive(rig, rig.worker(rig.store), random.Random(1))
    durable = headers(rig)
    offsets = await worker.take_partitions(EVERY, 3)
    assert {number: offsets[Topic.EVENTS, number] for number in EVERY} == {
        number: header.positions.events for number, header in durable.items()
    }
    rig.send(later(rig.sent, random_history(44, 20)))
    await drive(rig, worker, random.Random(2))
    assert rig.numbers() == rig.expected()


class SlowStore:
    """The real store, whose claims wait until they are let through."""

    def __init__(self, store: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._loop = store, loop
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write_claims(self, claims: Any) -> None:
        self._loop.call_soon_threadsafe(self.waiting.set)
        asyncio.run_coroutine_threadsafe(self.gate.wait(), self._loop).result()
        self._store.write_claims(claims)


async def test_a_taking_that_is_given_up_ends_before_the_next_begins(rig: Rig) -> None:
    """Else its claim would land behind the next one's and outrank the worker by itself; and it must not write."""
    rig.send(random_history(45, 30))
    slow = SlowStore(rig.store, asyncio.get_running_loop())
    worker = rig.worker(slow)
    first = asyncio.create_task(worker.take_partitions(EVERY, 1))
    await slow.waiting.wait()
    await worker.revoke(EVERY)
    first.cancel()
    second = asyncio.create_task(worker.take_partitions([0, 1], 2))
    slow.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert {number for _, number in await second} == {0, 1}
    await worker.cycle(force_checkpoint=True)
    assert headers(rig).keys() == {0, 1}
