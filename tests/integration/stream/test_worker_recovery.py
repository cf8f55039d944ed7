"""A worker that dies at any step of its cycle continues to the same numbers: real log, real engine."""

import random
from dataclasses import replace
from typing import Any

import pytest
from integration.stream.collected import later
from integration.stream.rig import PARTITIONS, Rig, drive, load
from properties import recount
from properties.random_histories import FUNNELS, T0, random_history
from properties.stream_harness import DEFINITIONS, PROJECT, SIGNUP

from schemas.checkpoints import CounterRow, Tag
from schemas.topics import Record, Topic
from stream.log.local import LocalLog
from stream.worker import NextOffsets, Outranked, Worker, WorkerSettings
from warehouse.audit import audit, repair
from warehouse.history import WarehouseHistory
from warehouse.people_store import PeopleStore
from warehouse.workspace_facts import write_workspace_facts


class Killed(Exception):
    """Stands for `kill -9`: nothing after this moment happens in this worker."""


class DyingStore:
    """The real store, whose n-th write is the last: it dies before or after it."""

    def __init__(self, store: PeopleStore, last_write: int, after: bool) -> None:
        self._store, self._left, self._after = store, last_write, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if not name.startswith("write_"):
            return call

        def write(rows: Any) -> None:
            self._left -= 1
            if self._left < 0 or (self._left == 0 and not self._after):
                raise Killed(name)
            call(rows)
            if self._left == 0:
                raise Killed(name)

        return write


class DyingLog:
    """The real log of hand-offs; the n-th append is the last thing that happens, durable or not."""

    def __init__(self, log: LocalLog, last_append: int, after: bool) -> None:
        self._log, self._left, self._after = log, last_append, after
        self.partitions = log.partitions

    def append(self, records: list[Record]) -> None:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._after):
            raise Killed("append")
        self._log.append(records)
        if self._left == 0:
            raise Killed("append")


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 20))])
async def test_death_at_every_write_in_turn_leads_to_the_same_numbers(rig: Rig, seed: int) -> None:
    """Before or after each claim, counter, head, people, funnel, override, restatement, warning and header row."""
    chance = random.Random(seed)
    deaths = 0
    for round_number in range(8):
        history = random_history(seed * 100 + round_number, 25)
        rig.send(later(rig.sent, history))
        for last_write in chance.sample(range(1, 24), 3):
            dying = DyingStore(rig.store, last_write, after=chance.random() < 0.5)
            try:
                await drive(rig, rig.worker(dying), chance)
            except Killed:
                deaths += 1
    await drive(rig, rig.worker(rig.store), chance)
    assert deaths > 10
    assert rig.numbers() == rig.expected()


async def test_death_around_any_hand_off_leads_to_the_same_numbers(rig: Rig) -> None:
    """Before or after a hand-off is durable, and before the position that covers it is."""
    chance = random.Random(5)
    deaths = 0
    for round_number in range(6):
        rig.send(later(rig.sent, random_history(900 + round_number, 30)))
        for _ in range(3):
            dying = DyingLog(rig.handoffs, chance.randint(1, 4), after=chance.random() < 0.5)
            try:
                await drive(rig, rig.worker(rig.store, dying), chance)
            except Killed:
                deaths += 1
    await drive(rig, rig.worker(rig.store), chance)
    assert deaths > 5
    assert rig.numbers() == rig.expected()


async def test_a_clean_restart_continues_without_loss_or_double_counting(rig: Rig) -> None:
    """Positions come from the header; nothing is applied twice, nothing left out."""
    for number in range(3):
        rig.send(later(rig.sent, random_history(number, 40)))
        await drive(rig, rig.worker(rig.store), random.Random(number))
        assert rig.numbers() == rig.expected()


async def test_an_owner_that_was_outranked_writes_nothing_more(rig: Rig) -> None:
    """A frozen worker that wakes up reads the claims before each publish and each checkpoint."""
    rig.send(random_history(7, 30))
    frozen = rig.worker(rig.store)
    await frozen.take_partitions(range(PARTITIONS), 1)
    for stored in rig.events.read(Topic.EVENTS, 0, 0, 5):
        await frozen.apply(stored)
    await drive(rig, rig.worker(rig.store), random.Random(1))
    with pytest.raises(Outranked):
        await frozen.cycle(force_checkpoint=True)
    assert rig.numbers() == rig.expected()


async def test_changed_definitions_rebuild_the_numbers_from_the_log(rig: Rig) -> None:
    """The old numbers stay until the new ones have caught up; states of the old definitions are not mixed in."""
    rig.send(random_history(11, 60))
    await drive(rig, rig.worker(rig.store), random.Random(1))
    changed = replace(DEFINITIONS, core_actions=frozenset((PROJECT,)))
    load(rig)
    history = WarehouseHistory(rig.warehouse)
    worker = Worker(changed, rig.store, rig.events, rig.handoffs, rig.handoffs, history, settings=WorkerSettings(0, 0))
    await drive(rig, worker, random.Random(2))
    assert rig.numbers() == recount.numbers(rig.sent, FUNNELS, SIGNUP, (PROJECT,))


async def test_the_audit_finds_nothing_in_what_the_stream_counted(rig: Rig) -> None:
    """SQL over the stored events, which shares no code with the stream, gives every published number."""
    write_workspace_facts(rig.warehouse, DEFINITIONS)
    for number in range(4):
        rig.send(later(rig.sent, random_history(number, 60)))
    await drive(rig, rig.worker(rig.store), random.Random(3))
    load(rig)
    assert rig.numbers() == rig.expected()
    assert audit(rig.warehouse, DEFINITIONS).differences == []


async def test_a_repair_makes_the_published_numbers_those_of_the_events(rig: Rig) -> None:
    """A number that differs is corrected beside the worker's share; a rebuild makes the repair superfluous."""
    rig.send(random_history(5, 40))
    await drive(rig, rig.worker(rig.store), random.Random(3))
    load(rig)
    day = T0 // recount.DAY
    owner = rig.store.highest_claims([0])[0]
    rig.store.write_counters([CounterRow(0, Tag(*owner, 10**6), "dau", day, 77)])
    wrong = audit(rig.warehouse, DEFINITIONS).differences
    assert [one.metric for one in wrong] == ["dau"]
    repair(rig.warehouse, wrong, T0, day + 1)
    assert audit(rig.warehouse, DEFINITIONS).differences == []
    history = WarehouseHistory(rig.warehouse)
    worker = Worker(
        DEFINITIONS, rig.store, rig.events, rig.handoffs, rig.handoffs, history, True, settings=WorkerSettings(0, 0)
    )
    await drive(rig, worker, random.Random(4))
    assert audit(rig.warehouse, DEFINITIONS).differences == []


async def test_a_rebuild_from_the_warehouse_gives_the_same_numbers_and_goes_on(rig: Rig) -> None:
    """People, links and unions come back from `events` and `identity_links` although the log is read no more."""
    rig.send(random_history(21, 60))
    await drive(rig, rig.worker(rig.store), random.Random(1))
    load(rig)
    rig.send(later(rig.sent, random_history(22, 30)))
    history = WarehouseHistory(rig.warehouse)
    worker = Worker(
        DEFINITIONS, rig.store, rig.events, rig.handoffs, rig.handoffs, history, True, settings=WorkerSettings(0, 0)
    )
    await drive(rig, worker, random.Random(2))
    assert rig.numbers() == rig.expected()
    rig.send(later(rig.sent, random_history(23, 30)))
    await drive(rig, rig.worker(rig.store), random.Random(5))
    assert rig.numbers() == rig.expected()


async def test_each_durable_checkpoint_tells_its_positions(rig: Rig) -> None:
    """They are those from which the next owner goes on, never ahead of them."""
    told: dict[tuple[Topic, int], int] = {}

    async def note(stored: NextOffsets) -> None:
        told.update(stored)
        for number, header in rig.store.latest_headers(range(PARTITIONS)).items():
            assert told[Topic.EVENTS, number] <= header.positions.events

    rig.send(random_history(3, 40))
    worker = Worker(
        DEFINITIONS,
        rig.store,
        rig.events,
        rig.handoffs,
        rig.handoffs,
        settings=WorkerSettings(0, 0),
        on_checkpoint=note,
    )
    await drive(rig, worker, random.Random(1))
    for topic, log in ((Topic.EVENTS, rig.events), (Topic.HANDOFFS, rig.handoffs)):
        assert {(topic, number): end.offset for number, end in log.ends(topic).items()}.items() <= told.items()


async def test_a_rebuild_keeps_what_was_restated_before(rig: Rig) -> None:
    """New lineages begin, yet the first published numbers can still be told."""
    restated = "SELECT metric, bucket, cause, reason, delta FROM northstream.restatement_deltas ORDER BY ALL"
    for number in range(3):
        rig.send(later(rig.sent, random_history(number, 60)))
        await drive(rig, rig.worker(rig.store), random.Random(number))
    load(rig)
    before = rig.warehouse.rows(restated)
    assert before
    history = WarehouseHistory(rig.warehouse)
    for _ in range(2):
        worker = Worker(
            DEFINITIONS, rig.store, rig.events, rig.handoffs, rig.handoffs, history, True, settings=WorkerSettings(0, 0)
        )
        await drive(rig, worker, random.Random(9))
        assert rig.warehouse.rows(restated) == before
