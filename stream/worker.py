"""Owns partitions: takes them, applies their records, publishes their counters and checkpoints their people.

Does not read the log (Faust does) nor know how rows are kept (`schemas.checkpoints.CheckpointStore`).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client.core import Metric

from schemas.checkpoints import CheckpointStore, Header, Positions, StoreUnavailable
from schemas.definitions import StreamDefinitions
from schemas.log import LogAppender, LogReader, LogUnavailable
from schemas.replay import History
from schemas.telemetry import Worker as Names
from schemas.topics import Kind, StoredRecord, Topic
from stream import checkpoints
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.handoffs import decode_handoffs
from stream.core.identity import apply_links, decode_links
from stream.core.partition import Partition
from stream.forgetting import Passed, Progress
from stream.log.local import unix_ms
from stream.outgoing import Outgoing
from stream.owned import OwnedPartition
from stream.replay import apply_handoff
from stream.taking import Taking
from stream.telemetry import WorkerTelemetry, standing

_PAUSE_PER_COST = 4

log = logging.getLogger(__name__)

NextOffsets = Mapping[tuple[Topic, int], int]
"""By (topic, partition) the next offset to read."""


async def _tell_nobody(stored: NextOffsets) -> None:
    """The checkpoints are enough to start from."""


class GapInLog(RuntimeError):
    """A record came whose predecessor was never applied; going on would lose what lies between."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`publish_seconds` and `checkpoint_seconds` are the longest pauses under load; idle, both follow at once.

    `cleanup_seconds` is how often superseded rows are removed. With more than `most_unsaved` people and changes in
    memory alone, the worker stops applying until the warehouse is back: the log keeps the rest.
    """

    publish_seconds: float = 0.5
    checkpoint_seconds: float = 3.0
    cleanup_seconds: float = 300.0
    most_unsaved: int = 2_000_000


class Worker:
    """One worker of the stream; all methods run in one event loop, the store in threads beside it.

    `on_published` is called after each publication, `on_checkpoint` with the positions of each durable checkpoint.
    """

    def __init__(
        self,
        definitions: StreamDefinitions,
        store: CheckpointStore,
        events: LogReader,
        handoffs: LogReader,
        handoff_appender: LogAppender,
        history: History | None = None,
        rebuild_asked: bool = False,
        settings: WorkerSettings | None = None,
        on_published: Callable[[], None] = lambda: None,
        on_checkpoint: Callable[[NextOffsets], Awaitable[None]] = _tell_nobody,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self.definitions = Compiled(definitions)
        self.telemetry = WorkerTelemetry()
        self._settings = settings or WorkerSettings()
        self._store = store
        self._events = events
        self._handoffs = handoffs
        self._outgoing = Outgoing(handoff_appender)
        self._taking = Taking(self.definitions, store, events, handoffs, history, rebuild_asked)
        self._owned: dict[int, OwnedPartition] = {}
        self._progress = Progress()
        self._applied = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._on_published = on_published
        self._on_checkpoint = on_checkpoint
        self._clock = clock
        self._last_checkpoint = 0.0
        self._last_cleanup = time.monotonic()
        self._cycle_lock = asyncio.Lock()

    async def take_partitions(self, partitions: Sequence[int], generation: int) -> NextOffsets:
        """Claim and load partitions that are not ours yet; kept ones go on from the applied position."""
        started = time.monotonic()
        async with self._cycle_lock:
            self._owned = {number: one for number, one in self._owned.items() if number in partitions}
            new = [number for number in partitions if number not in self._owned]
            if new:
                taken = await asyncio.to_thread(self._taking.take, new, secrets.randbits(63))
                self._owned.update({one.number: one for one in taken})
        self.telemetry.note_taken(time.monotonic() - started)
        log.info("partitions taken", extra={"partitions": list(partitions), "generation": generation})
        self._applied.set()
        return next_offsets((one.number, one.positions) for one in self._owned.values())

    async def revoke(self, partitions: Sequence[int]) -> None:
        """Nothing is let go of here: the next assignment tells which partitions are kept."""

    @property
    def has_partitions(self) -> bool:
        """Whether records can be applied."""
        return bool(self._owned)

    @property
    def is_rebuilding(self) -> bool:
        """Whether people and counters are being rebuilt; readers see the old numbers meanwhile."""
        return self._taking.is_rebuilding

    def collect(self) -> Iterator[Metric]:
        """What the worker tells of itself; from any thread."""
        yield from self.telemetry.collect()
        yield from standing(list(self._owned.values()), self.telemetry, self._events, self._handoffs)
        yield Names.UNSAVED_CHANGES_LIMIT.told(self._settings.most_unsaved)
        yield Names.REBUILDING.told(self.is_rebuilding)

    async def apply(self, stored: StoredRecord) -> None:
        """Apply one record and advance the position; one at a time per partition.

        Raises:
            GapInLog: the record is not the next one.
        """
        owned = self._owned.get(stored.record.partition)
        if owned is None:
            return
        await self._has_room.wait()
        await self._outgoing.make_room()
        async with owned.lock:
            is_event = stored.record.topic is Topic.EVENTS
            expected = owned.events if is_event else owned.handoffs
            if stored.offset < expected or self._owned.get(owned.number) is not owned:
                return
            if stored.offset > expected:
                raise GapInLog(f"{stored.record.topic}/{owned.number}: expected {expected}, got {stored.offset}")
            try:
                self._apply_lines(owned.state, stored)
            except Exception:
                # Half a record is in the state: no checkpoint may ever hold it.
                owned.is_whole = False
                raise
            if owned.state.outbox:
                self._outgoing.add(owned.state.outbox)
                owned.state.outbox = []
            if is_event:
                owned.events = stored.offset + 1
            else:
                owned.handoffs = stored.offset + 1
            self.telemetry.note_applied(owned, stored)
        self._applied.set()

    async def run(self) -> None:
        """Append hand-offs, publish and checkpoint until cancelled; an error in either ends both.

        `finish` makes the last state durable.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._outgoing.run())
            tasks.create_task(self._cycles())

    async def _cycles(self) -> None:
        while True:
            await self._applied.wait()
            self._applied.clear()
            started = time.monotonic()
            await self.cycle()
            await asyncio.sleep(max(0.05, self._settings.publish_seconds - (time.monotonic() - started)))

    async def finish(self) -> None:
        """Publish and checkpoint everything applied so far; called after the stream has stopped, before `run` ends."""
        await self.cycle(force_checkpoint=True)

    async def cycle(self, force_checkpoint: bool = False) -> None:
        """One round over all owned partitions. While the store is away, what is pending stays pending."""
        async with self._cycle_lock:
            try:
                await self._drop_outranked()
                await self._publish()
                caught_up = await self._follow_progress()
                if force_checkpoint or caught_up or self._checkpoint_is_due():
                    await self._drop_outranked()
                    await self._checkpoint()
                self._has_room.set()
            except (StoreUnavailable, LogUnavailable) as error:
                self.telemetry.store_failures += 1
                self._applied.set()
                log.warning("warehouse or log away, state stays in memory", extra={"error": str(error)})
                if sum(one.state.unsaved for one in self._owned.values()) > self._settings.most_unsaved:
                    self._has_room.clear()

    async def _drop_outranked(self) -> None:
        """Before anything is written: if somebody claimed after us, start again from the claim."""
        claims = await asyncio.to_thread(self._store.highest_claims, list(self._owned))
        outranked = [one.number for one in self._owned.values() if claims.get(one.number, one.owner) > one.owner]
        if outranked:
            self.telemetry.reclaims += 1
            raise Outranked(f"partitions {outranked} were claimed by another worker")

    async def _publish(self) -> None:
        for one in self._owned.values():
            if one.publication is None and one.published != one.positions and one.may_publish():
                async with one.lock:
                    await self._outgoing.drain()
                    one.check_whole()
                    one.publication = checkpoints.plan_publication(one)
                    one.waits.publish()
        pending = [(one, one.publication) for one in self._owned.values() if one.publication is not None]
        if not pending:
            return
        started = time.monotonic()
        await asyncio.to_thread(checkpoints.publish, self._store, pending)
        self.telemetry.note_published([one for one, _ in pending], time.monotonic() - started)
        for one, publication in pending:
            one.voids_repairs = False
            one.published = publication.positions
            one.publication = None
        self._on_published()

    async def _follow_progress(self) -> bool:
        """Move the bound behind which days are over, and people forget and freeze; whether everything is applied."""
        await self._outgoing.drain()
        handed_off = self._outgoing.added
        caught_up = await asyncio.to_thread(self._look_at_the_ends)
        owned = self._owned.values()
        nothing_on_its_way = caught_up and self._outgoing.added == handed_off
        if nothing_on_its_way and all(one.published == one.positions for one in owned):
            self._progress.reach(_furthest(owned))
        for one in owned:
            if one.published is not None:
                one.state.close_days(self._progress.passed.occurred_ms)
        return caught_up

    def _look_at_the_ends(self) -> bool:
        """Whether everything in the log is applied; the bound follows at a distance: hand-offs may be on their way."""
        events = {number: end.offset for number, end in self._events.ends(Topic.EVENTS).items()}
        handoffs = {number: end.offset for number, end in self._handoffs.ends(Topic.HANDOFFS).items()}
        owned = list(self._owned.values())
        behind = [one for one in owned if one.events < events[one.number]]
        passed = _slowest(behind) if behind else _furthest(owned)
        applied = {one.number: one.handoffs for one in owned}
        self._progress.advance(passed, applied, handoffs)
        return not behind and all(applied[number] >= handoffs[number] for number in applied)

    def _checkpoint_is_due(self) -> bool:
        """A pause follows what the last checkpoint cost: catching up, they must not take most of the time."""
        pause = max(self._settings.checkpoint_seconds, _PAUSE_PER_COST * self.telemetry.last_checkpoint_seconds)
        return time.monotonic() - self._last_checkpoint >= pause

    async def _checkpoint(self) -> None:
        started = time.monotonic()
        for one in self._owned.values():
            if one.checkpoint is None and one.stored != one.positions:
                async with one.lock:
                    await self._outgoing.drain()
                    one.check_whole()
                    one.state.forget_before(*self._progress.passed)
                    one.checkpoint = checkpoints.plan_checkpoint(one)
                    one.waits.save()
        pending = [one for one in self._owned.values() if one.checkpoint is not None]
        if not pending:
            return
        headers = await asyncio.to_thread(
            checkpoints.store_checkpoints, self._store, self.definitions, pending, self._clock()
        )
        self._last_checkpoint = time.monotonic()
        self.telemetry.note_checkpoint(pending, self._last_checkpoint - started)
        for one in pending:
            if one.checkpoint is not None:
                one.stored = one.checkpoint.positions
                one.checkpoint = None
                one.carries_restatements = False
        await self._on_checkpoint(next_offsets((header.partition, header.positions) for header in headers))
        await self._clean_up(headers)

    async def _clean_up(self, headers: list[Header]) -> None:
        if time.monotonic() - self._last_cleanup < self._settings.cleanup_seconds:
            return
        self._last_cleanup = time.monotonic()
        await self._drop_outranked()
        await asyncio.to_thread(self._store.remove_superseded, headers)

    def _apply_lines(self, state: Partition, stored: StoredRecord) -> None:
        """A record that cannot be decoded is said aloud, counted and left behind: it would stop its partition."""
        record = stored.record
        try:
            if record.kind is Kind.EVENTS:
                apply_events(state, decode_events(record.value))
                self.telemetry.events_applied += record.count
            elif record.kind is Kind.LINKS:
                apply_links(state, decode_links(record.value))
            else:
                for handoff in decode_handoffs(record.value):
                    apply_handoff(state, handoff)
                self.telemetry.handoffs_applied += record.count
        except msgspec.DecodeError as error:
            self.telemetry.poison_records += 1
            log.error(
                "record cannot be decoded, left behind",
                extra={
                    "topic": record.topic,
                    "partition": record.partition,
                    "offset": stored.offset,
                    "why": str(error),
                },
            )


def next_offsets(positions: Iterable[tuple[int, Positions]]) -> NextOffsets:
    """Positions of partitions, by topic and partition."""
    return {
        (topic, number): offset
        for number, at in positions
        for topic, offset in ((Topic.EVENTS, at.events), (Topic.HANDOFFS, at.handoffs))
    }


def _furthest(owned: Iterable[OwnedPartition]) -> Passed:
    states = [one.state for one in owned]
    received_ms = max((state.last_received_ms for state in states), default=0)
    return Passed(received_ms, max((state.watermark_ms for state in states), default=0))


def _slowest(owned: Iterable[OwnedPartition]) -> Passed:
    states = [one.state for one in owned]
    return Passed(min(state.last_received_ms for state in states), min(state.watermark_ms for state in states))


class Outranked(RuntimeError):
    """Another worker claimed a partition of ours after we did; the process starts again from the claim."""
