"""Owns partitions: takes them, applies their records, gives them up.

Does not read the log (Faust does) nor write what it owns (`stream.cycles` does).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from prometheus_client.core import Metric

from schemas.checkpoints import CheckpointStore, StoreUnavailable
from schemas.definitions import StreamDefinitions
from schemas.log import LogAppender, LogReader, LogUnavailable
from schemas.replay import History
from schemas.telemetry import Worker as Names
from schemas.topics import Kind, StoredRecord, Topic
from stream.applying import Poison, decode_record
from stream.core.definitions import Compiled
from stream.cycles import Cycles, NextOffsets, Outranked, WorkerSettings, next_offsets
from stream.log.local import unix_ms
from stream.outgoing import Outgoing
from stream.owned import OwnedPartition
from stream.replay_hold import HoldWatch
from stream.taking import Taking
from stream.telemetry import WorkerTelemetry, lag, standing
from stream.ticks import LoopTicks
from stream.watchdog import Watchdog

__all__ = ["GapInLog", "NextOffsets", "Outranked", "Worker", "WorkerSettings"]

_RETRY_SECONDS = 0.5
_WAIT_SECONDS = 2.0
_SAY_AGAIN_SECONDS = 60.0
_FINISH_SECONDS = 5.0

log = logging.getLogger(__name__)


async def _tell_nobody(stored: NextOffsets) -> None:
    """The checkpoints are enough to start from."""


class GapInLog(RuntimeError):
    """A record came whose predecessor was never applied; going on would lose what lies between."""


class Worker:
    """One worker of the stream; all methods run in one event loop, the store in threads beside it.

    `history` is what changed definitions, or `rebuild_asked`, are rebuilt from; only who owns all partitions can (None:
    this worker waits until somebody else has rebuilt). `on_published` is called after each publication,
    `on_checkpoint` with the positions of each durable checkpoint.
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
        heeds_holds: bool = True,
    ) -> None:
        self.definitions = compiled = Compiled(definitions)
        self.telemetry = WorkerTelemetry(clock)
        self._settings = settings = settings or WorkerSettings()
        self._events = events
        self._handoffs = handoffs
        self._ticks = LoopTicks()
        self._outgoing = Outgoing(handoff_appender, self._ticks.check)
        hold = HoldWatch(store) if heeds_holds else None
        self._taking = Taking(compiled, store, events, handoffs, history, rebuild_asked, hold)
        self._cycles = Cycles(
            compiled,
            store,
            events,
            handoffs,
            self._outgoing,
            settings,
            self.telemetry,
            self._ticks,
            clock,
            on_published,
        )
        self._cycles.on_checkpoint.append(on_checkpoint)
        self._watchdog = Watchdog(
            lambda: self._cycles.owned,
            self._cycles.read_ends,
            lambda: self.telemetry.store_failures,
            self._cycles.is_writing_long,
            settings.still_seconds,
        )
        self._revocations = 0

    def join_group(self, session_seconds: float, on_checkpoint: Callable[[NextOffsets], Awaitable[None]]) -> None:
        """From now on this is a member of a consumer group, which goes on without those who are silent for a session.

        `on_checkpoint` is told as well.
        """
        self._ticks.session_seconds = session_seconds
        self._cycles.on_checkpoint.append(on_checkpoint)

    async def wait_until_free(self) -> None:
        """Wait while partitions must not be claimed: they are being rebuilt, or other definitions made their state."""
        said_at = -_SAY_AGAIN_SECONDS
        while not self._cycles.owned:
            try:
                reason = await asyncio.to_thread(self._taking.why_not)
            except StoreUnavailable as error:
                reason = f"the warehouse is away: {error}"
            if reason is None:
                return
            if time.monotonic() - said_at >= _SAY_AGAIN_SECONDS:
                log.warning("waiting before taking partitions: %s", reason)
                said_at = time.monotonic()
            await asyncio.sleep(_WAIT_SECONDS)

    async def take_partitions(self, partitions: Sequence[int], generation: int) -> NextOffsets:
        """Claim and load partitions that are not ours yet; kept ones go on from the applied position.

        While the warehouse is away, try again and again: the caller bounds it. A caller that gives up leaves the
        taking to end by itself, so that no claim is written behind the next one's back.

        Raises:
            DefinitionsChanged, ReplayUnderWay: see `wait_until_free`.
            LogCutShort: the log ends before what was read of it.
        """
        started = time.monotonic()
        owned = await asyncio.shield(asyncio.ensure_future(self._take(partitions, self._revocations)))
        self.telemetry.note_taken(time.monotonic() - started)
        log.info("partitions taken", extra={"partitions": list(partitions), "generation": generation})
        return next_offsets((one.number, one.positions) for one in owned)

    async def _take(self, partitions: Sequence[int], revocations: int) -> list[OwnedPartition]:
        cycles = self._cycles
        async with cycles.lock:
            for number in cycles.owned.keys() - set(partitions):
                cycles.owned.pop(number).let_go()
            while True:
                try:
                    for number in await cycles.outranked():
                        cycles.owned.pop(number).let_go()
                    new = [number for number in partitions if number not in cycles.owned]
                    taken = await asyncio.to_thread(self._taking.take, new, secrets.randbits(63)) if new else []
                    break
                except (StoreUnavailable, LogUnavailable) as error:
                    log.warning("partitions cannot be taken yet: %s", error)
                    await asyncio.sleep(_RETRY_SECONDS)
            cycles.owned.update({one.number: one for one in taken})
            cycles.may_write = revocations == self._revocations
            self._ticks.start()
        cycles.applied.set()
        return list(cycles.owned.values())

    async def revoke(self, partitions: Sequence[int]) -> None:
        """Write no more to the warehouse until the next assignment, which tells which partitions are kept.

        Hand-offs of what is still applied go on: the next owner makes the same ones, and copies change nothing.

        A last checkpoint, if it is quick, leaves the next owner little to read again. One that is late does no harm:
        it lies on no lineage once somebody else has claimed.
        """
        if not partitions:
            return
        self._revocations += 1
        if self._cycles.may_write:
            farewell = asyncio.ensure_future(self._say_farewell())
            await asyncio.wait((farewell,), timeout=self._settings.farewell_seconds)
            self._cycles.may_write = False
            if farewell.done():
                farewell.result()

    async def _say_farewell(self) -> None:
        try:
            await self._cycles.cycle(force_checkpoint=True)
        except Outranked as error:
            log.info("no last checkpoint: %s", error)

    @property
    def has_partitions(self) -> bool:
        """Whether records can be applied."""
        return bool(self._cycles.owned)

    @property
    def is_rebuilding(self) -> bool:
        """Whether people and counters are being rebuilt; readers see the old numbers meanwhile."""
        return self._taking.is_rebuilding

    @property
    def is_durable(self) -> bool:
        """Whether everything applied is in durable headers and published."""
        return all(one.stored == one.positions == one.published for one in self._cycles.owned.values())

    def collect(self) -> Iterator[Metric]:
        """What the worker tells of itself; from any thread."""
        yield from self.telemetry.collect()
        yield from standing(list(self._cycles.owned.values()), self.telemetry)
        yield Names.UNSAVED_CHANGES_LIMIT.told(self._settings.most_unsaved)
        yield Names.REBUILDING.told(self.is_rebuilding)

    def collect_lag(self) -> Iterator[Metric]:
        """What it has left to apply; asks the log, and is silent while that does not answer."""
        yield from lag(list(self._cycles.owned.values()), self._events, self._handoffs)

    async def apply(self, stored: StoredRecord) -> None:
        """Apply one record and advance the position; one at a time per partition.

        A record that cannot be decoded is said aloud, counted and left behind: it would stop its partition. So are
        lines, without their neighbours, which somebody was promised.

        Raises:
            GapInLog: the record is not the next one.
            TooMuchPoison: so many were left behind that something else is wrong.
            WrittenByLaterVersion: this program is too old for the record.
        """
        owned = self._cycles.owned.get(stored.record.partition)
        if owned is None:
            return
        await self._cycles.has_room.wait()
        await self._outgoing.make_room()
        async with owned.lock:
            is_event = stored.record.topic is Topic.EVENTS
            expected = owned.events if is_event else owned.handoffs
            if stored.offset < expected or self._cycles.owned.get(owned.number) is not owned:
                return
            if stored.offset > expected:
                raise GapInLog(f"{stored.record.topic}/{owned.number}: expected {expected}, got {stored.offset}")
            self._apply_to(owned, stored)
            if owned.state.outbox:
                self._outgoing.add(owned.state.outbox)
                owned.state.outbox = []
            if is_event:
                owned.events = stored.offset + 1
            else:
                owned.handoffs = stored.offset + 1
            if not stored.record.watched_ms:
                self.telemetry.note_applied(owned, stored)
        self._cycles.applied.set()

    def _apply_to(self, owned: OwnedPartition, stored: StoredRecord) -> None:
        record = stored.record
        try:
            decoded = decode_record(record)
        except Poison as error:
            self._leave_behind(owned, stored, str(error))
            return
        if decoded.unreadable:
            self._leave_behind(owned, stored, f"{len(decoded.unreadable)} of its lines, the rest is applied")
        try:
            decoded.apply(owned.state)
        except Exception:
            # Half a record is in the state: no checkpoint may ever hold it.
            owned.is_whole = False
            raise
        if record.kind is Kind.EVENTS:
            self.telemetry.events_applied += decoded.size
        elif record.kind is Kind.HANDOFFS:
            self.telemetry.handoffs_applied += decoded.size
        elif record.watched_ms:
            owned.watched_ms = record.watched_ms

    def _leave_behind(self, owned: OwnedPartition, stored: StoredRecord, why: str) -> None:
        topic, settings = stored.record.topic, self._settings
        where = {"topic": topic, "partition": owned.number, "offset": stored.offset, "why": why}
        log.error("record cannot be decoded, left behind", extra=where)
        owned.state.left_behind.note(topic, stored.offset, settings.poison_limit, settings.poison_window)
        self.telemetry.poison_records += 1

    async def run(self) -> None:
        """Append hand-offs, publish, checkpoint and watch until cancelled; an error in any ends all.

        `finish` makes the last state durable.
        """
        self._ticks.start()
        cycles = self._cycles
        parts = (self._outgoing.run, cycles.run, cycles.clean_up_regularly, self._ticks.run, self._watchdog.run)
        tasks = [asyncio.ensure_future(part()) for part in parts]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def run_hand_offs(self) -> None:
        """Append hand-offs until cancelled, and nothing else: for those who call `cycle` themselves."""
        await self._outgoing.run()

    async def cycle(self, force_checkpoint: bool = False) -> None:
        """One round of writing; `run` does them by itself."""
        await self._cycles.cycle(force_checkpoint)

    async def finish(self) -> None:
        """Publish and checkpoint everything applied so far; called after the stream has stopped, before `run` ends.

        Nothing is written after it, nor if somebody else has taken over. On a machine that is too busy, or with a
        warehouse that is away, it tries again for a while; then the next owner reads the rest again.
        """
        deadline = time.monotonic() + _FINISH_SECONDS
        await self._say_farewell()
        while self._has_unsaved and self._cycles.may_write and time.monotonic() < deadline:
            await asyncio.sleep(_RETRY_SECONDS)
            await self._say_farewell()
        if self._has_unsaved:
            log.warning("no last checkpoint: what was applied since the one before will be read again")
        self._cycles.may_write = False

    @property
    def _has_unsaved(self) -> bool:
        return any(one.stored != one.positions for one in self._cycles.owned.values())
