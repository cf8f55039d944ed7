"""The state of one partition: its people, its counters, its watermark, and what it has to send and to store.

Does not read a log or write a table: a worker hands it decoded lines and takes snapshots.
"""

from typing import NamedTuple

import msgspec

from schemas.checkpoints import IdentityWarning, OverrideRow
from stream.core.active_days import FIRST_DAY
from stream.core.counters import Counters
from stream.core.definitions import Compiled
from stream.core.handoffs import Handoff
from stream.core.people import Moved, People
from stream.core.person import Person
from stream.core.poison import LeftBehind
from stream.core.restatements import Change, Restatements


class _Summary(msgspec.Struct, array_like=True):
    """An array: later versions of the program add fields behind, with what stands for them where they are missing."""

    counters: bytes
    watermark_ms: int
    first_received_ms: int
    last_received_ms: int
    over_day: int
    generation: int
    freeze_day: int
    left_behind: dict[str, list[int]] = {}


class Snapshot(NamedTuple):
    """What changed since the last snapshot, ready to be stored; `summary` is the rest of the state, whole."""

    people: list[tuple[str, Person | Moved, bytes]]
    funnels: dict[tuple[str, int, int], tuple[int, ...]]
    overrides: list[OverrideRow]
    warnings: list[IdentityWarning]
    restatements: list[Change]
    summary: bytes
    watermark_ms: int


class Partition:
    """Pure state; `apply` and `identity` change it. `outbox` holds what is due to other persons, in order.

    `watermark_ms` is the largest event time seen, never ahead of its message's receipt.
    """

    def __init__(self, definitions: Compiled) -> None:
        self.definitions = definitions
        self.people = People(definitions)
        self.counters = Counters()
        self.restatements = Restatements()
        self.left_behind = LeftBehind()
        self.watermark_ms = 0
        self.first_received_ms = 0
        self.last_received_ms = 0
        self.generation = 0
        self.freeze_day = FIRST_DAY
        self.freeze_start_ms = 0
        self.outbox: list[Handoff] = []
        self.overrides: list[OverrideRow] = []
        self.warnings: list[IdentityWarning] = []
        self.funnel_changes: dict[tuple[str, int, int], tuple[int, ...]] = {}

    def advance_watermark(self, occurred_ms: int, received_ms: int) -> None:
        """Move the watermark forward; a clock that runs ahead moves it to the receipt at most."""
        reached = occurred_ms if occurred_ms < received_ms else received_ms
        if reached > self.watermark_ms:
            self.watermark_ms = reached

    def forget_before(self, received_ms: int, occurred_ms: int) -> None:
        """Every partition has applied all that was received, and all that happened, before these.

        Copies of messages older by the retry window are expected no more, and days behind the horizon freeze.
        """
        self.generation = received_ms // self.definitions.retry_window_ms
        day = max(self.definitions.freeze_day(min(occurred_ms, self.watermark_ms)), FIRST_DAY)
        if day > self.freeze_day:
            self.freeze_day = day
            self.freeze_start_ms = self.definitions.calendar.start_of(day)

    @property
    def unsaved(self) -> int:
        """How many people, entries and changes are in no snapshot yet."""
        return self.people.touched + len(self.funnel_changes) + len(self.restatements)

    def note_receipt(self, received_ms: int) -> None:
        """Remember the first and the latest receipt."""
        self.last_received_ms = received_ms
        self.first_received_ms = self.first_received_ms or received_ms

    def close_days(self, passed_ms: int) -> bool:
        """All partitions have passed this event time and published: earlier days are over, changes are restatements.

        Returns:
            Whether another day is over now.
        """
        before = self.restatements.over_day
        self.restatements.close_days(self.definitions.calendar.day_of(passed_ms))
        return self.restatements.over_day > before

    def would_close_days(self, passed_ms: int) -> bool:
        """What `close_days` would return."""
        return self.definitions.calendar.day_of(passed_ms) > self.restatements.over_day

    def take_snapshot(self) -> Snapshot:
        """Everything since the last snapshot; the caller stores it under one version until that is durable."""
        snapshot = Snapshot(
            list(self.people.take_touched(self.generation)),
            self.funnel_changes,
            self.overrides,
            self.warnings,
            self.restatements.take(),
            self._summary(),
            self.watermark_ms,
        )
        self.funnel_changes, self.overrides, self.warnings = {}, [], []
        return snapshot

    def restore(self, summary: bytes) -> None:
        """Continue from a stored summary (people are loaded apart)."""
        state = msgspec.msgpack.decode(summary, type=_Summary)
        self.counters = Counters.decode(state.counters)
        self.first_received_ms = state.first_received_ms
        self.last_received_ms = state.last_received_ms
        self.restatements.close_days(state.over_day)
        self.watermark_ms = state.watermark_ms
        self.generation = state.generation
        self.freeze_day = state.freeze_day
        self.freeze_start_ms = self.definitions.calendar.start_of(state.freeze_day)
        self.left_behind = LeftBehind(state.left_behind)

    def _summary(self) -> bytes:
        return msgspec.msgpack.encode(
            _Summary(
                self.counters.encode(),
                self.watermark_ms,
                self.first_received_ms,
                self.last_received_ms,
                self.restatements.over_day,
                self.generation,
                self.freeze_day,
                self.left_behind.offsets,
            )
        )


def passed_in(summary: bytes) -> tuple[int, int]:
    """The latest receipt and the watermark (Unix ms) of a partition that left this summary."""
    state = msgspec.msgpack.decode(summary, type=_Summary)
    return state.last_received_ms, state.watermark_ms
