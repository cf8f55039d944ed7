"""Logs, engine and workers of one product in this process, driven record by record.

Not a test.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

from integration.stream.collected import records
from properties import recount
from properties.random_histories import FUNNELS
from properties.stream_harness import DEFINITIONS, PROJECT, SIGNUP, TASK, Message

from schemas.topics import Topic
from stream.log.local import LocalLog
from stream.worker import Worker, WorkerSettings
from warehouse.client import Warehouse
from warehouse.loader import Loader
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

PARTITIONS = 3


class Rig:
    """Logs and engine of one product; `send` appends what a collector would."""

    def __init__(self, folder: Path) -> None:
        self.events = LocalLog(folder / "events.db", [Topic.EVENTS, Topic.QUARANTINE], PARTITIONS)
        self.handoffs = LocalLog(folder / "handoffs.db", [Topic.HANDOFFS], PARTITIONS)
        self.warehouse = Warehouse.embedded(folder / "warehouse")
        migrate(self.warehouse)
        self.store = PeopleStore(self.warehouse)
        self.sent: list[Message] = []

    def send(self, messages: list[Message]) -> None:
        for message in messages:
            self.events.append(records(message, PARTITIONS))
        self.sent += messages

    def numbers(self) -> dict[tuple[str, int], int]:
        rows = self.warehouse.rows(
            "SELECT metric, bucket, value FROM northstream.counter_totals WHERE metric != 'late'"
        )
        return {(metric, bucket): value for metric, bucket, value in rows if value}

    def expected(self) -> dict[tuple[str, int], int]:
        return recount.numbers(self.sent, FUNNELS, SIGNUP, (PROJECT, TASK))

    def worker(self, store: Any, appender: Any = None) -> Worker:
        appender = appender or self.handoffs
        return Worker(DEFINITIONS, store, self.events, self.handoffs, appender, settings=WorkerSettings(0, 0))

    def close(self) -> None:
        self.warehouse.close()
        self.events.close()
        self.handoffs.close()


async def drive(rig: Rig, worker: Worker, chance: random.Random) -> None:
    """Feed a worker everything in the log, partitions in random order, with cycles in between, until nothing moves."""
    feeding = asyncio.create_task(feed(rig, worker, chance))
    appending = asyncio.create_task(worker.run_hand_offs())
    try:
        await asyncio.wait((feeding, appending), return_when=asyncio.FIRST_COMPLETED)
        for task in (appending, feeding):
            if task.done():
                task.result()
    finally:
        for task in (feeding, appending):
            task.cancel()
        await asyncio.gather(feeding, appending, return_exceptions=True)


async def feed(rig: Rig, worker: Worker, chance: random.Random) -> None:
    positions = dict(await worker.take_partitions(range(PARTITIONS), 1))
    while True:
        ready = [
            (place, stored)
            for place, offset in positions.items()
            for stored in (rig.events if place[0] is Topic.EVENTS else rig.handoffs).read(*place, offset, 1)
        ]
        if not ready:
            await worker._outgoing.drain()
            if not any(rig.handoffs.read(*place, at, 1) for place, at in positions.items() if place[0] == "handoffs"):
                break
            continue
        place, stored = chance.choice(ready)
        await worker.apply(stored)
        positions[place] = stored.offset + 1
        if chance.random() < 0.15:
            await worker.cycle()
    await worker.cycle(force_checkpoint=True)


def load(rig: Rig) -> None:
    """Everything in the log into the warehouse, as the loader does."""
    loader = Loader(rig.events, rig.warehouse)
    while loader.load_once().ranges:
        pass
