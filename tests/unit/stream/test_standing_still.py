"""A worker that has stopped moving, or was frozen, notices it; one that waits for others is left alone."""

from collections.abc import Mapping

import pytest
from properties.stream_harness import DEFINITIONS

from schemas.checkpoints import Owner, Positions
from stream.core.definitions import Compiled
from stream.core.partition import Partition
from stream.owned import OwnedPartition
from stream.ticks import LoopTicks, StoodStill
from stream.watchdog import StandsStill, Watchdog

LIMIT = 60.0


class Rig:
    """One partition, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.excuses = 0
        self.is_writing_long = False
        state = Partition(Compiled(DEFINITIONS))
        self.one = OwnedPartition(0, Owner(1, 1), state, 0, 0, (), Positions(0, 0))
        self.watchdog = Watchdog(
            lambda: {0: self.one},
            lambda: ({0: 0}, {0: 0}),
            lambda: self.excuses,
            lambda: self.is_writing_long,
            LIMIT,
            lambda: self.now,
        )

    def look(self, seconds: float, events: int, handoffs: int = 0) -> None:
        self.now += seconds
        ends: tuple[Mapping[int, int], Mapping[int, int]] = ({0: events}, {0: handoffs})
        self.watchdog.look(ends)


def test_a_position_that_stands_still_although_the_log_goes_on_ends_the_worker() -> None:
    """The error names what stands still, where, and for how long."""
    rig = Rig()
    rig.look(0, events=5)
    rig.look(LIMIT, events=6)
    with pytest.raises(StandsStill, match="events/0 stands at 0"):
        rig.look(1, events=7)


def test_a_position_that_moves_or_stands_at_the_end_is_well() -> None:
    """However slowly it moves; and without new records there is nothing to do."""
    rig = Rig()
    for events in range(1, 6):
        rig.look(LIMIT - 1, events=events + 10)
        rig.one.events = events
        rig.one.published = rig.one.positions
    rig.one.events = 15
    rig.one.published = rig.one.positions
    for _ in range(5):
        rig.look(LIMIT, events=15)


def test_a_head_that_is_not_published_any_more_ends_the_worker() -> None:
    """Records are applied, but nobody sees the numbers."""
    rig = Rig()
    rig.one.published = rig.one.positions
    for events in range(1, 6):
        rig.one.events = events
        rig.look(LIMIT / 4, events=events)
    rig.one.events = 6
    with pytest.raises(StandsStill, match="published head"):
        rig.look(1, events=6)


def test_time_in_which_the_warehouse_is_away_does_not_count() -> None:
    """A new process would have to wait for it too."""
    rig = Rig()
    for _ in range(10):
        rig.excuses += 1
        rig.look(LIMIT, events=5)


def test_a_checkpoint_that_takes_minutes_and_succeeds_is_well() -> None:
    """The new process would have to make it again, from its beginning; the count begins anew behind it."""
    rig = Rig()
    for _ in range(10):
        rig.is_writing_long = True
        rig.look(LIMIT / 2, events=5)
    rig.is_writing_long = False
    rig.look(LIMIT, events=5)
    with pytest.raises(StandsStill):
        rig.look(LIMIT + 1, events=5)


def test_half_a_session_without_a_tick_is_reason_to_wait_and_a_whole_one_to_end() -> None:
    """A frozen worker that wakes up stops before it writes; one on a machine that is too busy only waits."""
    now = 0.0
    ticks = LoopTicks(clock=lambda: now)
    ticks.session_seconds = 6.0
    now = 2.9
    assert not ticks.is_late()
    now = 3.1
    assert ticks.is_late()
    ticks.check()
    now = 6.1
    with pytest.raises(StoodStill, match=r"6\.1 s"):
        ticks.check()


async def test_a_session_without_a_tick_ends_the_worker() -> None:
    """Even if it had nothing to write."""
    now = 0.0
    ticks = LoopTicks(clock=lambda: now)
    ticks.session_seconds = 6.0
    now = 6.1
    with pytest.raises(StoodStill):
        await ticks.run()


def test_without_a_group_nobody_minds_a_pause() -> None:
    """The embedded engine owns its partitions alone."""
    now = 0.0
    ticks = LoopTicks(clock=lambda: now)
    now = 1000.0
    ticks.check()
    assert not ticks.is_late()
