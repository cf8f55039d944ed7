"""The writing side of a worker: publishes counters, follows how far everybody has come, checkpoints people.

Does not apply records nor decide what is owned: see `worker`. Every write is preceded by a look at the claims.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from opentelemetry import trace

from schemas.checkpoints import CheckpointStore, Header, Owner, Positions, StoreUnavailable
from schemas.log import LogCutShort, LogReader, LogUnavailable
from schemas.topics import Topic
from stream import checkpoints
from stream.core.definitions import Compiled
from stream.core.partition import passed_in
from stream.forgetting import Passed, Progress, Standing, furthest
from stream.outgoing import Outgoing
from stream.owned import OwnedPartition
from stream.reaching import CUT_SHORT_PATIENCE_SECONDS, check_positions
from stream.telemetry import WorkerTelemetry
from stream.ticks import LoopTicks

_PAUSE_PER_COST = 4

_CLOSE_SECONDS = 20.0
"""How often days close while a backlog is read: each time the partition waits for its header."""

LOOK_AT_OTHERS_SECONDS = 1.0
"""How often other workers' headers are read."""

_LONG_WRITE_SECONDS = 10.0

_MOST_IN_SNAPSHOT = 100_000
"""People and changes of one partition with which a checkpoint is due at once: its snapshot blocks the event loop for
about 15 µs each, and a group goes on without a worker that stands still for a few seconds."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

log = logging.getLogger(__name__)
_tracer = trace.get_tracer("northstream.stream")

NextOffsets = Mapping[tuple[Topic, int], int]
"""By (topic, partition) the next offset to read."""


class Outranked(RuntimeError):
    """Another worker claimed a partition of ours after we did; the process starts again from the claim."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`publish_seconds` and `checkpoint_seconds` are the longest pauses under load; idle, both follow at once.

    `cleanup_seconds` is how often superseded rows are removed. With more than `most_unsaved` people and changes in
    memory alone, the worker stops applying until the warehouse is back: the log keeps the rest.
    `farewell_seconds` is how long a rebalance may wait for a last checkpoint, `still_seconds` how long a position may
    stand still. More than `poison_limit` unreadable records among a partition's latest `poison_window` end the worker.
    """

    publish_seconds: float = 0.5
    checkpoint_seconds: float = 3.0
    cleanup_seconds: float = 300.0
    most_unsaved: int = 2_000_000
    farewell_seconds: float = 2.0
    still_seconds: float = 60.0
    poison_limit: int = 100
    poison_window: int = 1000


class Cycles:
    """`owned` is shared with the worker, which changes it under `lock`; only while `may_write` anything is written."""

    def __init__(
        self,
        definitions: Compiled,
        store: CheckpointStore,
        events: LogReader,
        handoffs: LogReader,
        outgoing: Outgoing,
        settings: WorkerSettings,
        telemetry: WorkerTelemetry,
        ticks: LoopTicks,
        clock: Callable[[], int],
        on_published: Callable[[], None],
    ) -> None:
        self.owned: dict[int, OwnedPartition] = {}
        self.may_write = False
        self.lock = asyncio.Lock()
        self.applied = asyncio.Event()
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.on_checkpoint: list[Callable[[NextOffsets], Awaitable[None]]] = []
        self._definitions = definitions
        self._store = store
        self._events = events
        self._handoffs = handoffs
        self._outgoing = outgoing
        self._settings = settings
        self._telemetry = telemetry
        self._ticks = ticks
        self._clock = clock
        self._on_published = on_published
        self._progress = Progress()
        self._others: dict[int, Standing] = {}
        self._others_at = 0.0
        self._over_ms = 0
        self._closed_at = 0.0
        self._last_checkpoint = 0.0
        self._superseding: list[Header] = []
        self._writing_since: float | None = None
        self._cut_short_since: float | None = None

    async def run(self) -> None:
        """Rounds as records are applied, and in a group now and then without any: others go on, or claim ours."""
        while True:
            await self._wait_for_work()
            self.applied.clear()
            started = time.monotonic()
            await self.cycle()
            await asyncio.sleep(max(0.05, self._settings.publish_seconds - (time.monotonic() - started)))

    async def _wait_for_work(self) -> None:
        patience = 2 * LOOK_AT_OTHERS_SECONDS if self._has_others() or self._ticks.is_in_group else None
        try:
            await asyncio.wait_for(self.applied.wait(), patience)
        except TimeoutError:
            return

    async def cycle(self, force_checkpoint: bool = False) -> None:
        """One round over all owned partitions. While the store is away, what is pending stays pending.

        Raises:
            Outranked, StoodStill, BrokenState, LogCutShort: nothing more may be written by this process.
        """
        async with self.lock:
            try:
                if await self._may_go_on():
                    await self._publish()
                is_current = await self._follow_progress()
                if (force_checkpoint or is_current or self._checkpoint_is_due()) and await self._may_go_on():
                    await self._checkpoint()
                self.has_room.set()
            except (StoreUnavailable, LogUnavailable) as error:
                self._telemetry.store_failures += 1
                self.applied.set()
                log.warning("warehouse or log away, state stays in memory", extra={"error": str(error)})
                if sum(one.state.unsaved for one in self.owned.values()) > self._settings.most_unsaved:
                    self.has_room.clear()

    async def outranked(self) -> list[int]:
        """The owned partitions that somebody has claimed after us."""
        if not self.owned:
            return []
        claims = await asyncio.to_thread(self._store.highest_claims, list(self.owned))
        return [one.number for one in self.owned.values() if claims.get(one.number, one.owner) > one.owner]

    async def _may_go_on(self) -> bool:
        """Before anything is written: whether it is still ours."""
        if not self.may_write or not self.owned:
            return False
        self._ticks.check()
        if self._ticks.is_late():
            self.applied.set()
            return False
        lost = await self.outranked()
        if lost and self.may_write:
            self._telemetry.reclaims += 1
            raise Outranked(f"partitions {lost} were claimed by another worker")
        return self.may_write

    async def _publish(self) -> None:
        for one in self.owned.values():
            if one.publication is None and one.published != one.positions and one.may_publish():
                async with one.held_still():
                    await self._outgoing.drain()
                    one.check_whole()
                    one.publication = checkpoints.plan_publication(one)
                    one.waits.publish()
        pending = [(one, one.publication) for one in self.owned.values() if one.publication is not None]
        if not pending:
            return
        started = time.monotonic()
        with _tracer.start_as_current_span("publish", attributes={"northstream.partitions": len(pending)}):
            await self._write(checkpoints.publish, self._store, pending)
        self._telemetry.note_published([one for one, _ in pending], time.monotonic() - started)
        for one, publication in pending:
            one.voids_repairs = False
            one.published = publication.positions
            one.publication = None
        self._on_published()

    async def _follow_progress(self) -> bool:
        """Move the bounds behind which days are over, and people forget; whether all that is ours is applied."""
        if not self.owned:
            return False
        await self._outgoing.drain()
        handed_off = self._outgoing.added
        await asyncio.to_thread(self._look_at_others)
        durable = self._others | {number: one.durable for number, one in self.owned.items()}
        events, handoffs = await asyncio.to_thread(self.read_ends)
        if not self._reaches({number: durable[number] for number in self.owned}, events, handoffs):
            return False
        self._progress.look(durable, events, handoffs)
        owned = self.owned.values()
        is_current = all(one.events >= events[one.number] and one.handoffs >= handoffs[one.number] for one in owned)
        others_are = all(
            _stands_at(self._others.get(number), events[number], handoffs[number])
            for number in events.keys() - self.owned.keys()
        )
        is_published = all(one.published == one.positions for one in owned)
        if is_current and others_are and is_published and self._outgoing.added == handed_off:
            self._close_up_to(furthest([*(_passed(one) for one in owned), *(one.passed for one in durable.values())]))
        elif time.monotonic() - self._closed_at > _CLOSE_SECONDS:
            self._close_up_to(self._progress.passed)
        return is_current

    def _reaches(self, durable: Mapping[int, Standing], events: Mapping[int, int], handoffs: Mapping[int, int]) -> bool:
        """Whether the log reaches as far as it was read; the ends were read after the headers.

        Raises:
            LogCutShort: it has not for longer than a new leader of a partition may answer too low.
        """
        try:
            check_positions({number: at.positions for number, at in durable.items()}, events, handoffs)
        except LogCutShort:
            if self._cut_short_since is None:
                self._cut_short_since = time.monotonic()
            if time.monotonic() - self._cut_short_since > CUT_SHORT_PATIENCE_SECONDS:
                raise
            self.applied.set()
            return False
        self._cut_short_since = None
        return True

    def _close_up_to(self, passed: Passed) -> None:
        self._over_ms = max(self._over_ms, passed.occurred_ms)
        self._closed_at = time.monotonic()

    def _has_others(self) -> bool:
        return bool(self.owned) and len(self.owned) < self._events.partitions

    def _look_at_others(self) -> None:
        """Their headers speak for them; read before the claims, and both before the ends of the log.

        A header of an owner that somebody has outranked says nothing: it may have been written behind the back of the
        next one, which has started before it.
        """
        if not self._has_others():
            self._others = {}
        elif time.monotonic() - self._others_at >= LOOK_AT_OTHERS_SECONDS:
            numbers = [number for number in range(self._events.partitions) if number not in self.owned]
            headers = self._store.latest_headers(numbers)
            claims = self._store.highest_claims(numbers)
            self._others = {
                number: Standing(header.positions, Passed(*passed_in(header.counters)))
                for number, header in headers.items()
                if claims.get(number) == Owner(header.tag.epoch, header.tag.nonce)
            }
            self._others_at = time.monotonic()

    def read_ends(self) -> tuple[Mapping[int, int], Mapping[int, int]]:
        """The next offsets of `events` and `handoffs`, by partition. Blocking."""
        return self._events.end_offsets(Topic.EVENTS), self._handoffs.end_offsets(Topic.HANDOFFS)

    def _checkpoint_is_due(self) -> bool:
        """A pause follows what the last checkpoint cost: catching up, they must not take most of the time.

        One that failed while it closed a day is due at once: its partition waits for it.
        """
        if any(one.is_closing or one.state.unsaved > _MOST_IN_SNAPSHOT for one in self.owned.values()):
            return True
        pause = max(self._settings.checkpoint_seconds, _PAUSE_PER_COST * self._telemetry.last_checkpoint_seconds)
        return time.monotonic() - self._last_checkpoint >= pause

    async def _checkpoint(self) -> None:
        started = time.monotonic()
        for one in self.owned.values():
            if one.checkpoint is None:
                await self._plan_checkpoint(one)
        pending = [one for one in self.owned.values() if one.checkpoint is not None]
        if not pending:
            return
        with _tracer.start_as_current_span("checkpoint", attributes={"northstream.partitions": len(pending)}):
            headers = await self._write(
                checkpoints.store_checkpoints, self._store, self._definitions, pending, self._clock()
            )
        self._last_checkpoint = time.monotonic()
        self._telemetry.note_checkpoint(pending, self._last_checkpoint - started)
        for one in pending:
            if one.checkpoint is not None:
                one.note_durable(one.checkpoint)
        stored = next_offsets((header.partition, header.positions) for header in headers)
        for tell in self.on_checkpoint:
            await tell(stored)
        self._superseding = headers

    async def _write(self, write: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call it in a thread; the watchdog is told that it may take long (the warehouse bounds each insert)."""
        self._writing_since = time.monotonic()
        try:
            return await asyncio.to_thread(write, *args, **kwargs)
        finally:
            self._writing_since = None

    def is_writing_long(self) -> bool:
        """Whether a publication or checkpoint has been under way for a while: numbers stand, and nothing is wrong."""
        since = self._writing_since
        return since is not None and time.monotonic() - since > _LONG_WRITE_SECONDS

    async def _plan_checkpoint(self, one: OwnedPartition) -> None:
        """Take a snapshot if there is something new. Where it closes a day, nothing is applied until it is durable.

        That holds however often storing it fails. So whoever starts from any header judges what follows it by the same
        day, and the halves of a merge that was handed off before a crash still cancel out.
        """
        closes_days = one.published is not None and one.state.would_close_days(self._over_ms)
        if one.stored == one.positions and not closes_days:
            return
        async with one.held_still():
            await self._outgoing.drain()
            one.check_whole()
            one.is_closing = closes_days and one.state.close_days(self._over_ms)
            one.state.forget_before(*self._progress.passed)
            one.checkpoint = checkpoints.plan_checkpoint(one)
            one.waits.save()

    async def clean_up_regularly(self) -> None:
        """Remove what the latest checkpoint supersedes now and then, beside the rounds, until cancelled.

        A removal that comes late, when somebody else has claimed, touches nothing of his.
        """
        while True:
            await asyncio.sleep(self._settings.cleanup_seconds)
            headers, self._superseding = self._superseding, []
            try:
                if headers and await self._may_go_on():
                    await asyncio.to_thread(self._store.remove_superseded, headers)
            except StoreUnavailable as error:
                log.warning("superseded rows are not removed now", extra={"error": str(error)})


def next_offsets(positions: Iterable[tuple[int, Positions]]) -> NextOffsets:
    """Positions of partitions, by topic and partition."""
    return {
        (topic, number): offset
        for number, at in positions
        for topic, offset in ((Topic.EVENTS, at.events), (Topic.HANDOFFS, at.handoffs))
    }


def _stands_at(header: Standing | None, events: int, handoffs: int) -> bool:
    return header is not None and header.positions.events >= events and header.positions.handoffs >= handoffs


def _passed(owned: OwnedPartition) -> Passed:
    return Passed(owned.state.last_received_ms, owned.state.watermark_ms)
