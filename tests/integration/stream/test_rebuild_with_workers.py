"""One process rebuilds all partitions while the workers of the group stand back: real log, real engine."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from integration.stream.collected import later
from integration.stream.rig import PARTITIONS, Rig, drive, load
from properties import recount
from properties.random_histories import FUNNELS, random_history
from properties.stream_harness import DEFINITIONS, PROJECT, SIGNUP

from schemas.checkpoints import Owner
from schemas.definitions import StreamDefinitions
from stream.rebuilding import rebuild_all
from stream.replay_hold import DEAD_AFTER_SECONDS, HoldWatch, ReplayHold, ReplayUnderWay
from stream.taking import DefinitionsChanged
from stream.worker import Outranked, Worker, WorkerSettings
from warehouse.history import WarehouseHistory

CHANGED = replace(DEFINITIONS, core_actions=frozenset((PROJECT,)))


def claims(rig: Rig) -> Mapping[int, Owner]:
    return rig.store.highest_claims(range(PARTITIONS))


def group_worker(rig: Rig, definitions: StreamDefinitions) -> Worker:
    """One that cannot rebuild, as in a cluster."""
    return Worker(definitions, rig.store, rig.events, rig.handoffs, rig.handoffs, settings=WorkerSettings(0, 0))


async def replay(rig: Rig, definitions: StreamDefinitions) -> None:
    load(rig)
    history = WarehouseHistory(rig.warehouse)
    await rebuild_all(definitions, rig.store, rig.events, rig.handoffs, rig.handoffs, history)


async def test_a_replay_switches_all_numbers_and_workers_go_on_from_it(rig: Rig) -> None:
    """Changed definitions: the workers before are outranked, those after continue with what was rebuilt."""
    rig.send(random_history(31, 60))
    before = group_worker(rig, DEFINITIONS)
    await drive(rig, before, random.Random(1))
    await replay(rig, CHANGED)
    assert rig.numbers() == recount.numbers(rig.sent, FUNNELS, SIGNUP, (PROJECT,))
    with pytest.raises(Outranked):
        await before.cycle(force_checkpoint=True)
    rig.send(later(rig.sent, random_history(32, 30)))
    await drive(rig, group_worker(rig, CHANGED), random.Random(2))
    assert rig.numbers() == recount.numbers(rig.sent, FUNNELS, SIGNUP, (PROJECT,))


async def test_a_worker_of_other_definitions_claims_nothing(rig: Rig) -> None:
    """It would take the partitions from those who can go on; it waits for a replay, or for its workspace."""
    rig.send(random_history(33, 30))
    await drive(rig, group_worker(rig, DEFINITIONS), random.Random(1))
    before = claims(rig)
    with pytest.raises(DefinitionsChanged, match="northstream replay"):
        await group_worker(rig, CHANGED).take_partitions(range(PARTITIONS), 1)
    assert claims(rig) == before


async def test_a_worker_of_other_definitions_waits_until_they_are_those_of_the_numbers(rig: Rig) -> None:
    """Before it joins the group, so that nobody is disturbed by its waiting."""
    rig.send(random_history(34, 30))
    await drive(rig, group_worker(rig, DEFINITIONS), random.Random(1))
    waiting = asyncio.create_task(group_worker(rig, CHANGED).wait_until_free())
    await asyncio.wait((waiting,), timeout=1)
    assert not waiting.done()
    await replay(rig, CHANGED)
    await waiting


async def test_nobody_claims_while_a_replay_is_under_way(rig: Rig) -> None:
    """The hold is durable; a second replay is refused; once it is taken back, workers go on."""
    hold = ReplayHold(rig.store)
    hold.renew()
    before = claims(rig)
    with pytest.raises(ReplayUnderWay):
        await group_worker(rig, DEFINITIONS).take_partitions(range(PARTITIONS), 1)
    assert claims(rig) == before
    hold.renew()
    hold.take_back()
    await group_worker(rig, DEFINITIONS).take_partitions(range(PARTITIONS), 1)
    assert claims(rig) != before


def test_the_hold_of_a_dead_process_does_not_count(rig: Rig) -> None:
    """A sign that stays the same is known to be dead after a while of asking, whatever the clocks say."""
    now = 0.0
    watch = HoldWatch(rig.store, clock=lambda: now)
    assert not watch.is_held()
    hold = ReplayHold(rig.store)
    hold.renew()
    assert watch.is_held()
    now = DEAD_AFTER_SECONDS - 1
    assert watch.is_held()
    hold.renew()
    now = DEAD_AFTER_SECONDS + 1
    assert watch.is_held()
    now = 2 * DEAD_AFTER_SECONDS + 2
    assert not watch.is_held()


def test_the_sign_of_a_dead_process_is_taken_down_by_whoever_has_found_it_out(rig: Rig) -> None:
    """Else every start of a worker would have to wait for the same finding, for ever."""
    now = 0.0
    ReplayHold(rig.store).renew()
    watch = HoldWatch(rig.store, clock=lambda: now)
    assert watch.is_held()
    now = DEAD_AFTER_SECONDS + 1
    assert not watch.is_held()
    assert not HoldWatch(rig.store).is_held()


def test_a_replay_takes_back_its_own_sign_only(rig: Rig) -> None:
    """One that was refused leaves the other's hold alone."""
    first = ReplayHold(rig.store)
    first.renew()
    ReplayHold(rig.store).take_back()
    assert HoldWatch(rig.store).is_held()
    first.take_back()
    assert not HoldWatch(rig.store).is_held()
