"""Owns a stored checkpoint again and prints how long it took and how much the process grew: `python -m bench.recovery`.

Does not make the checkpoint: see `bench.people`, which starts this in a process of its own.
"""

import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.processes import resident_bytes
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.core.people import Moved
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from stream.worker import Worker
from warehouse.client import Warehouse
from warehouse.people_store import PeopleStore

PARTITIONS = 4
_RELEASE_SECONDS = 12.0

DEFINITIONS = load_workspace(DEFAULT_WORKSPACE).stream


@dataclass(frozen=True, slots=True)
class Recovered:
    """`ready_seconds`: from the claim until records can be applied; `published_seconds`: and a head is durable."""

    persons: int
    moved: int
    grown_bytes: int
    ready_seconds: float
    published_seconds: float


async def recover(folder: Path) -> Recovered:
    """Take all partitions and publish."""
    warehouse = Warehouse.embedded(folder / "warehouse")
    events = LocalLog(folder / "events.db", EVENT_TOPICS, PARTITIONS)
    handoffs = LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, PARTITIONS)
    worker = Worker(DEFINITIONS, PeopleStore(warehouse), events, handoffs, handoffs)
    warehouse.rows("SELECT count() FROM northstream.people")
    gc.collect()
    before, started = resident_bytes(os.getpid()), time.perf_counter()
    await worker.take_partitions(range(PARTITIONS), 1)
    ready = time.perf_counter() - started
    await worker.cycle()
    published = time.perf_counter() - started
    gc.collect()
    # The engine gives back the buffers of its last queries a few seconds later.
    await asyncio.sleep(_RELEASE_SECONDS)
    grown = resident_bytes(os.getpid()) - before
    # The worker has no reason to tell who its people are; only this count looks inside.
    states = [state for one in worker._owned.values() for state in one.state.people._states.values()]
    moved = sum(isinstance(state, Moved) for state in states)
    for part in (warehouse, events, handoffs):
        part.close()
    return Recovered(len(states) - moved, moved, grown, ready, published)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(recover(Path(sys.argv[1]))))))
