"""The loader from a real broker into a real engine over HTTP: each record once, whatever is cut short or in the way."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from brokers.faulty_proxy import Fault, FaultyProxy
from integration.kafka_loader.topics import Topics
from integration.warehouse.cut_loads import MOMENTS, CutLoader, Killed, physical, totals
from integration.warehouse.log_records import event, events, links, quarantined

from schemas.topics import Kind, Record, Topic
from stream.log.local import LocalLog
from warehouse.client import DATABASE, Patience, Warehouse
from warehouse.dead_letters import PoisonLimit, TooMuchPoison
from warehouse.ledger import Ledger, Totals
from warehouse.loader import Loader
from warehouse.reports import WarehouseReports

Connect = Callable[..., Warehouse]

LEDGER = "FROM northstream.load_ranges"
TABLES = ("load_ranges", "events", "identity_links", "quarantine_rows")


def load_all(loader: Loader) -> Loader:
    while loader.load_once().ranges:
        pass
    return loader


def distinct(warehouse: Warehouse) -> int:
    """Messages as readers see them."""
    return int(warehouse.rows(f"SELECT count() FROM {DATABASE}.events_resolved")[0][0])


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def handoffs(tmp_path: Path) -> Iterator[LocalLog]:
    """No hand-offs: the reports of these tests are about loads."""
    log = LocalLog(tmp_path / "handoffs.db", (Topic.HANDOFFS,), 2)
    yield log
    log.close()


@pytest.mark.long
def test_a_load_cut_short_anywhere_is_finished_once(topics: Topics, warehouse: Warehouse) -> None:
    """Killed before or after any step, the next process inserts the same range, which the tables drop."""
    for number, moment in enumerate(MOMENTS, start=1):
        topics.append(events(0, event(f"{number}a"), event(f"{number}b")), events(1, event(f"{number}c")))
        topics.append(links(1, (f"d{number}", "u1")), quarantined(0, f"q{number}"))
        with pytest.raises(Killed):
            load_all(CutLoader(topics.reader(), warehouse, moment))
        topics.append(events(0, event(f"{number}d")))
        load_all(Loader(topics.reader(), warehouse))
        counted = tuple(physical(warehouse, table) for table in ("events", "identity_links", "quarantine_rows"))
        assert counted == (4 * number, number, number), moment
    assert totals(warehouse) == Totals(accepted=40, quarantined=10, lines=60)
    done = warehouse.rows(f"SELECT topic, partition, to_offset FROM {DATABASE}.loads WHERE state = 'done' ORDER BY ALL")
    assert done == [("events", 0, 20), ("events", 1, 20), ("quarantine", 0, 10)]


@pytest.mark.parametrize(
    "moment",
    [
        "after plan",
        *(pytest.param(moment, marks=pytest.mark.long) for moment in ("before events", "after events")),
        "before done",
    ],
)
def test_a_loader_that_wakes_up_behind_another_does_no_harm(
    moment: str, topics: Topics, warehouse: Warehouse, connect: Connect, handoffs: LocalLog
) -> None:
    """Frozen within a load, it finishes it and even plans another, while its successor has gone far ahead."""
    frozen, woken = threading.Event(), threading.Event()

    class FrozenLoader(CutLoader):
        def _at(self, at: str) -> None:
            if at == self._moment and not frozen.is_set():
                frozen.set()
                assert woken.wait(60)

    topics.append(events(0, event("m0"), event("m1")), events(1, event("m2")))
    sleeper = FrozenLoader(topics.reader(), connect(), moment)
    thread = threading.Thread(target=sleeper.load_once)
    thread.start()
    assert frozen.wait(60)
    successor = load_all(Loader(topics.reader(), warehouse))
    for number in range(3, 9):
        topics.append(events(number % 2, event(f"m{number}")))
        load_all(successor)
    woken.set()
    thread.join()
    # Nobody has told it that it leads no more: it plans what the other has loaded, under other borders.
    topics.append(events(0, event("m9")))
    load_all(sleeper)
    load_all(successor)
    load_all(Loader(topics.reader(), warehouse))
    assert distinct(warehouse) == 10
    quality = WarehouseReports(warehouse, topics.reader(), handoffs).quality()
    assert (quality.accepted, quality.duplicates) == (10, 0)
    assert totals(warehouse) == Totals(accepted=10, lines=10)


def test_a_loader_that_may_not_load_plans_nothing(topics: Topics, warehouse: Warehouse) -> None:
    """It stands by, and begins with what the ledger says once it leads."""
    topics.append(events(0, event("m1")))
    leads = threading.Event()
    loaded = threading.Event()
    loader = Loader(topics.reader(), warehouse, may_load=leads.is_set, on_loaded=loaded.set)
    assert loader.load_once().ranges == ()
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.load_ranges") == [(0,)]
    loader.start()
    load_all(Loader(topics.reader(), warehouse))
    topics.append(events(0, event("m2")))
    leads.set()
    assert loaded.wait(60)
    assert loader.stop(drain=False)
    assert physical(warehouse, "events") == 2
    assert loader.loaded_up_to() == {(Topic.EVENTS, 0): 2}


def test_foreign_records_are_put_aside_with_their_place(topics: Topics, warehouse: Warehouse) -> None:
    """One stray record stops nothing and counts as nothing; an operator finds it, and where it lay."""
    topics.append(events(0, event("m1")))
    topics.append_foreign(Topic.EVENTS, 0, [b"hello", b"\xff\xfe"])
    topics.append(Record(Topic.EVENTS, 0, Kind.QUARANTINE, 3, b"{}\n{}\n{}\n"))
    topics.append_foreign(Topic.QUARANTINE, 1, [b""])
    topics.append(events(0, event("m2")))
    with pytest.raises(Killed):
        CutLoader(topics.reader(), warehouse, "before done").load_once()
    load_all(Loader(topics.reader(), warehouse))
    rows = warehouse.rows(
        "SELECT JSONExtractString(violations, 1, 'property') AS place, raw, raw_encoding, source"
        f" FROM {DATABASE}.quarantine ORDER BY place"
    )
    assert rows == [
        ("events/0/1", "hello", "utf-8", "loader"),
        ("events/0/2", "//4=", "base64", "loader"),
        ("events/0/3", "{}\n{}\n{}\n", "utf-8", "loader"),
        ("quarantine/1/0", "", "utf-8", "loader"),
    ]
    assert distinct(warehouse) == 2
    assert totals(warehouse) == Totals(accepted=2, lines=2)


def test_too_many_foreign_records_stop_the_loader_and_nothing_is_skipped(topics: Topics, warehouse: Warehouse) -> None:
    """A wrong program must not drain the topic into quarantine, however often the loader is started again."""
    limit = PoisonLimit(records=5, among=20)
    topics.append_foreign(Topic.EVENTS, 0, [b"poison"] * 4)
    load_all(Loader(topics.reader(), warehouse, poison_limit=limit))
    topics.append(events(0, event("m1")))
    topics.append_foreign(Topic.EVENTS, 0, [b"poison"] * 2)
    for _ in range(3):
        with pytest.raises(
            TooMuchPoison, match="of 20 records of events/0 up to offset 6 more than 5 are none of ours"
        ):
            load_all(Loader(topics.reader(), warehouse, poison_limit=limit))
    assert Ledger(warehouse).read().done[Topic.EVENTS, 0].to_offset == 4
    load_all(Loader(topics.reader(), warehouse, poison_limit=PoisonLimit(records=6, among=20)))
    assert distinct(warehouse) == 1
    # Far apart they are strays again.
    topics.append(*(events(0, event(f"n{number}")) for number in range(20)))
    topics.append_foreign(Topic.EVENTS, 0, [b"poison"] * 5)
    load_all(Loader(topics.reader(), warehouse, poison_limit=limit))
    assert distinct(warehouse) == 21


@pytest.mark.long
def test_every_fault_of_the_network_at_every_step(
    topics: Topics, warehouse: Warehouse, connect: Connect, proxy: FaultyProxy
) -> None:
    """A running loader meets each fault at each of its statements, goes on by itself, and loads each record once."""
    proxy.delay_seconds = 0.5
    patience = Patience(connecting=2, reading=2, writing=2)
    loader = Loader(topics.reader(), connect(proxy.url, patience=patience))
    faults = (Fault.LATE, Fault.ERROR, Fault.ERROR_AFTER, Fault.CUT_BEFORE, Fault.CUT_WITHIN_REQUEST, Fault.CUT_AFTER)
    sent = 0
    loader.start()
    for fault, step in product(faults, (LEDGER, *(f"INTO northstream.{table}" for table in TABLES))):
        if step == LEDGER:
            # It is read at the start, and after each failure.
            proxy.fail_next(Fault.ERROR, match="INTO northstream.events")
        proxy.fail_next(fault, match=step)
        topics.append(events(sent % 2, event(f"m{sent}")), links(0, (f"d{sent}", "u")), quarantined(1, f"q{sent}"))
        sent += 1
        wait_until(lambda sent=sent: totals(warehouse).accepted == sent and not proxy.pending)
    for fault in (Fault.HANG, Fault.HANG_AFTER):
        proxy.fail_next(fault, match="INTO northstream.events")
    topics.append(events(0, event(f"m{sent}")))
    wait_until(lambda: totals(warehouse).accepted == sent + 1)
    proxy.mode = Fault.REFUSE
    topics.append(events(1, event(f"m{sent + 1}")))
    proxy.mode = Fault.NONE
    wait_until(lambda: totals(warehouse).accepted == sent + 2)
    assert loader.stop()
    expected = [len(TABLES) + 1 + (fault is Fault.ERROR) * len(faults) for fault in faults]
    assert [proxy.seen[fault] for fault in faults] == expected
    assert physical(warehouse, "events") == distinct(warehouse) == sent + 2
    assert (physical(warehouse, "identity_links"), physical(warehouse, "quarantine_rows")) == (sent, sent)
