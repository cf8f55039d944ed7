"""One partition as its owner holds it: state, positions, lineage, and what waits to become durable.

Does not write anything: see `checkpoints`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from schemas.checkpoints import CounterRow, Lineage, Owner, PersonRow, Positions, Segment, Tag
from stream.core.partition import Partition, Snapshot, passed_in
from stream.forgetting import NO_HEADER, Passed, Standing
from stream.waits import Waits


class BrokenState(RuntimeError):
    """The state of a partition must not be written; the next start goes on from its last checkpoint."""


@dataclass(frozen=True, slots=True)
class PendingCheckpoint:
    """A snapshot under its tag; stored again and again, unchanged, until its header is durable."""

    tag: Tag
    positions: Positions
    snapshot: Snapshot
    people: list[PersonRow]


@dataclass(frozen=True, slots=True)
class PendingPublication:
    """Counter values under their tag, published until the head row is durable."""

    tag: Tag
    positions: Positions
    rows: list[CounterRow]
    watched_ms: int = 0


@dataclass(slots=True)
class OwnedPartition:
    """`inherited` is the lineage of the header that this owner continues from.

    `floor` are the positions of the last owner's head: nothing is published before they are reached,
    so that boards do not go back. `voids_repairs`: the first publication replaces what the audit repaired.
    `carries_restatements`: its next checkpoint takes over what the lineages before the rebuild restated.
    `watched_ms`: when the last applied event of the self-watch was sent; what is published of it comes from here.
    `durable` is what its latest durable header says. `lock` covers applying a record and taking a snapshot;
    `is_closing`: it is kept since a snapshot closed a day, until that is durable.
    """

    number: int
    owner: Owner
    state: Partition
    events: int
    handoffs: int
    inherited: Lineage
    floor: Positions
    voids_repairs: bool = False
    carries_restatements: bool = False
    version: int = 0
    is_whole: bool = True
    is_closing: bool = False
    watched_ms: int = 0
    published: Positions | None = None
    stored: Positions | None = None
    durable: Standing = NO_HEADER
    publication: PendingPublication | None = None
    checkpoint: PendingCheckpoint | None = None
    waits: Waits = field(default_factory=Waits)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def positions(self) -> Positions:
        return Positions(self.events, self.handoffs)

    def next_tag(self) -> Tag:
        self.version += 1
        return Tag(self.owner.epoch, self.owner.nonce, self.version)

    def lineage_to(self, version: int) -> Lineage:
        """The lineage of this owner's header with that version."""
        return (*self.inherited, Segment(self.owner.epoch, self.owner.nonce, version))

    def check_whole(self) -> None:
        """Called before anything is written.

        Raises:
            BrokenState: a record failed half-way; only the last checkpoint can be trusted.
        """
        if not self.is_whole:
            raise BrokenState(f"partition {self.number} holds half a record")

    @asynccontextmanager
    async def held_still(self) -> AsyncIterator[None]:
        """Nothing is applied within; nor after it if it sets `is_closing`, until `note_durable` or `let_go`."""
        if self.is_closing:
            yield
            return
        await self.lock.acquire()
        try:
            yield
        finally:
            if not self.is_closing:
                self.lock.release()

    def let_go(self) -> None:
        """Let go on whoever waits to apply a record (to a partition that is given up: in vain)."""
        if self.is_closing:
            self.is_closing = False
            self.lock.release()

    def note_durable(self, checkpoint: PendingCheckpoint) -> None:
        """The pending checkpoint's header is durable."""
        self.stored = checkpoint.positions
        self.durable = Standing(checkpoint.positions, Passed(*passed_in(checkpoint.snapshot.summary)))
        self.checkpoint = None
        self.carries_restatements = False
        self.let_go()

    def may_publish(self) -> bool:
        return self.events >= self.floor.events and self.handoffs >= self.floor.handoffs
