"""The stream: events applied per second and made durable, through Faust, the real worker, log and warehouse.

Does not measure the collector or the loader: the log is filled before the clock starts, and nobody else reads it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.tables import median, show, whole
from bench.traffic import MESSY, TIDY, Traffic
from schemas.partitioning import person_partition
from schemas.topics import Kind, Record, Topic
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.app import StreamSettings, create_app
from stream.app import run as run_stream
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.handoffs import decode_handoffs, encode_handoffs
from stream.core.identity import apply_links, decode_links
from stream.core.partition import Partition
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from stream.log.offsets import CommittedOffsets
from stream.log.transport import LOCAL_BROKER, LocalTopics
from stream.log.wakeup import Doorbell
from stream.replay import apply_handoff
from stream.worker import Worker
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

EVENTS = 600_000
RUNS = 3
PARTITIONS = 4
_LOOK_SECONDS = 0.05
_APPEND_BLOCKS = 64
_DAU = "SELECT bucket, value FROM northstream.counter_totals WHERE metric = 'dau'"

DEFINITIONS = load_workspace(DEFAULT_WORKSPACE).stream


@dataclass(frozen=True, slots=True)
class Applied:
    """`seconds` until all was applied, published and checkpointed; processor seconds of the whole process."""

    events: int
    handoffs: int
    seconds: float
    cpu_seconds: float


def main() -> None:
    """Print the durable rate and the rate of the core alone, for both mixes."""
    rows = []
    for mix in (TIDY, MESSY):
        traffic = Traffic(EVENTS, mix, time.time_ns() // 1_000_000)
        records = list(traffic.records())
        events = sum(record.count for record in records if record.kind is Kind.EVENTS)
        cores = [measure_core(records) for _ in range(RUNS)]
        durable = [measure_durable(records, traffic.active_days()) for _ in range(RUNS)]
        rows.append(
            [
                mix.title,
                whole(events),
                whole(durable[0].handoffs),
                whole(events / median(run.seconds for run in durable)),
                f"{median(run.cpu_seconds for run in durable) / events * 1e6:.1f}",
                whole(events / median(core[0] for core in cores)),
                whole(events / median(core[1] for core in cores)),
            ]
        )
    columns = ["mix", "events", "hand-offs", "durable, events/s", "CPU s per 1M", "core alone", "of which decoding"]
    note = (
        f"One process, {PARTITIONS} partitions, 392 B events in blocks of 100, one person per 10 events, 40 days; "
        f"medians of {RUNS} runs. Durable: through Faust, until counters are published and people, hand-offs and "
        "positions are on the disk. Every day's actives are compared with a count from scratch. "
        "Core alone: decode, apply, hand-offs encoded and applied; no log, no warehouse."
    )
    show("Stream: apply rate", columns, rows, note)


def measure_core(records: Iterable[Record]) -> tuple[float, float]:
    """Processor seconds of the pure core in one thread: all of it, and decoding the event lines alone."""
    states = [Partition(Compiled(DEFINITIONS)) for _ in range(PARTITIONS)]
    started = time.process_time()
    for record in records:
        state = states[record.partition]
        if record.kind is Kind.LINKS:
            apply_links(state, decode_links(record.value))
        else:
            apply_events(state, decode_events(record.value))
        if state.outbox:
            _deliver(states)
    whole_seconds = time.process_time() - started
    started = time.process_time()
    for record in records:
        if record.kind is Kind.EVENTS:
            decode_events(record.value)
    return whole_seconds, time.process_time() - started


def _deliver(states: list[Partition]) -> None:
    while any(state.outbox for state in states):
        for state in states:
            due, state.outbox = state.outbox, []
            for handoff in decode_handoffs(encode_handoffs(due)):
                apply_handoff(states[person_partition(handoff.to, PARTITIONS)], handoff)


def measure_durable(records: list[Record], expected: dict[int, int]) -> Applied:
    """One run over a log and a warehouse of its own.

    Raises:
        AssertionError: a day's actives are wrong.
    """
    with TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        rig = Rig(Path(folder), stack)
        for first in range(0, len(records), _APPEND_BLOCKS):
            rig.events.append(records[first : first + _APPEND_BLOCKS])
        applied = asyncio.run(_apply_all(rig))
        check_actives(rig.warehouse, expected)
        return applied


def check_actives(warehouse: Warehouse, expected: dict[int, int]) -> None:
    """Compare the actives of each day with a count from scratch.

    Raises:
        AssertionError: a day's are wrong.
    """
    found = {day: value for day, value in warehouse.rows(_DAU) if value}
    wrong = {day: (found.get(day), value) for day, value in expected.items() if found.get(day) != value}
    assert found == expected, f"actives by day, found and expected: {wrong}"


class Rig:
    """Logs, warehouse and worker of one product; they end with `stack`."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.events = LocalLog(folder / "events.db", EVENT_TOPICS, PARTITIONS)
        self.handoffs = LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, PARTITIONS, on_append=self._ring)
        self.offsets = CommittedOffsets(folder / "handoffs.db")
        self.warehouse = Warehouse.embedded(folder / "warehouse")
        for part in (self.events, self.handoffs, self.offsets, self.warehouse):
            stack.callback(part.close)
        migrate(self.warehouse)
        self.store = PeopleStore(self.warehouse)
        self.worker = Worker(DEFINITIONS, self.store, self.events, self.handoffs, self.handoffs)
        self.bell: Doorbell | None = None

    def _ring(self) -> None:
        if self.bell is not None:
            self.bell.ring()

    def is_all_stored(self) -> bool:
        """Whether the last publication and the last checkpoint stand at the ends of both logs.

        Looks into the worker: asking the warehouse would take processor time from what is measured.
        """
        events, handoffs = self.events.ends(Topic.EVENTS), self.handoffs.ends(Topic.HANDOFFS)
        return all(
            one.stored == one.published == (events[number].offset, handoffs[number].offset)
            for number, one in self.worker._owned.items()
        )


async def _apply_all(rig: Rig) -> Applied:
    """From the taking of the partitions to the last checkpoint."""
    stop, rig.bell = asyncio.Event(), Doorbell()
    topics = LocalTopics(rig.events, rig.handoffs, rig.offsets, rig.bell)
    app = create_app(broker=LOCAL_BROKER, worker=rig.worker, settings=StreamSettings(topics))
    streaming = asyncio.create_task(run_stream(app, stop))
    cycling = asyncio.create_task(rig.worker.run())
    try:
        await _wait_until(lambda: rig.worker.has_partitions, streaming, cycling)
        started, cpu = time.perf_counter(), time.process_time()
        await _wait_until(rig.is_all_stored, streaming, cycling)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        telemetry = rig.worker.telemetry
        return Applied(telemetry.events_applied, telemetry.handoffs_applied, seconds, cpu)
    finally:
        stop.set()
        await asyncio.gather(streaming, return_exceptions=True)
        cycling.cancel()
        await asyncio.gather(cycling, return_exceptions=True)
        rig.bell = None


async def _wait_until(holds: Callable[[], bool], *tasks: "asyncio.Task[None]") -> None:
    while not holds():
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(_LOOK_SECONDS)
