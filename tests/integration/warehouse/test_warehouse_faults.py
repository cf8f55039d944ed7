"""A warehouse behind a network that fails: nothing hangs, nothing is sent twice unasked, nothing is lost or doubled."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from brokers.faulty_proxy import Fault, FaultyProxy
from integration.warehouse.emptying import empty_tables
from integration.warehouse.published import OWNER, header, person, publish

from schemas.calendar import day_date
from schemas.checkpoints import CounterRow, FunnelRow, Owner, Segment, Tag
from stream.log.local import LocalLog
from warehouse.client import DATABASE, Patience, UnreadableLines, Warehouse, WarehouseUnavailable
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports

_WRITER = ("northstream_writer", "face-writer-password")
_HASTY = Patience(connecting=2, reading=2, writing=2)

SILENT = (Fault.HANG, Fault.HANG_AFTER)
LOST = (Fault.CUT_BEFORE, Fault.CUT_WITHIN_REQUEST, Fault.CUT_AFTER)
REFUSED = (Fault.ERROR, Fault.ERROR_AFTER)
NOT_APPLIED = (Fault.HANG, Fault.ERROR, Fault.CUT_BEFORE, Fault.CUT_WITHIN_REQUEST)


@pytest.fixture
def direct(face_port: int) -> Iterator[Warehouse]:
    """Past every fault."""
    warehouse = Warehouse.server(f"http://127.0.0.1:{face_port}", *_WRITER, size=1)
    migrate(warehouse)
    empty_tables(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture
def server(proxy: FaultyProxy, direct: Warehouse) -> Iterator[Warehouse]:
    """Through the proxy; its clients are open, so that faults meet the calls themselves."""
    warehouse = Warehouse.server(proxy.url, *_WRITER, size=2)
    warehouse.rows("SELECT 1")
    proxy.seen.clear()
    yield warehouse
    warehouse.close()


@pytest.fixture
def hasty(proxy: FaultyProxy, direct: Warehouse) -> Iterator[Warehouse]:
    """The same with little patience, where it is to be waited out."""
    warehouse = Warehouse.server(proxy.url, *_WRITER, size=2, patience=_HASTY)
    warehouse.rows("SELECT 1")
    proxy.seen.clear()
    yield warehouse
    warehouse.close()


def insert(warehouse: Warehouse, number: int) -> None:
    line = b'{"partition":%d,"epoch":1,"nonce":1}\n' % number
    warehouse.insert_lines("claims", ("partition", "epoch", "nonce"), line, {})


@pytest.mark.parametrize("fault", [*SILENT, *LOST, *REFUSED])
def test_an_insert_is_sent_once_whatever_becomes_of_it(
    fault: Fault, hasty: Warehouse, proxy: FaultyProxy, direct: Warehouse
) -> None:
    """The library must not repeat it: without a token the rows would be there twice."""
    proxy.fail_next(fault)
    with pytest.raises(WarehouseUnavailable):
        insert(hasty, 1)
    assert sum(proxy.seen.values()) == 1
    insert(direct, 2)
    expected = [(2,)] if fault in NOT_APPLIED else [(1,), (2,)]
    assert direct.rows(f"SELECT partition FROM {DATABASE}.claims ORDER BY partition") == expected


@pytest.mark.parametrize("fault", [*SILENT, *LOST, *REFUSED])
def test_a_statement_that_changes_something_is_sent_once(
    fault: Fault, hasty: Warehouse, proxy: FaultyProxy, direct: Warehouse
) -> None:
    """INSERT … SELECT carries no token, a DELETE may meet rows that came meanwhile."""
    proxy.fail_next(fault)
    with pytest.raises(WarehouseUnavailable):
        hasty.command(f"INSERT INTO {DATABASE}.claims (partition, epoch, nonce) SELECT 7, 1, number FROM numbers(2)")
    assert sum(proxy.seen.values()) == 1
    assert direct.rows(f"SELECT count() FROM {DATABASE}.claims") == [(0 if fault in NOT_APPLIED else 2,)]


def test_reading_may_be_repeated_and_a_torn_answer_is_none(server: Warehouse, proxy: FaultyProxy) -> None:
    """A question changes nothing, so the library may ask again; half an answer must not pass for a whole one."""
    proxy.fail_next(Fault.CUT_AFTER)
    assert server.rows("SELECT 1") == [(1,)]
    statement = "SELECT number FROM numbers(3000000)"
    proxy.fail_next(Fault.CUT_WITHIN_ANSWER)
    with pytest.raises(WarehouseUnavailable):
        server.rows(statement)
    proxy.fail_next(Fault.CUT_WITHIN_ANSWER)
    with pytest.raises(WarehouseUnavailable):
        list(server.column_blocks(statement))
    # Read before it is looked at, so that the library may ask again.
    proxy.fail_next(Fault.CUT_WITHIN_ANSWER)
    assert server.lines(statement).count(b"\n") == 3_000_000


@pytest.mark.parametrize("fault", SILENT)
def test_a_silent_warehouse_is_an_unavailable_one(fault: Fault, hasty: Warehouse, proxy: FaultyProxy) -> None:
    """No role hangs for ever, nor any thread of it that waits for a client."""
    proxy.mode = fault
    calls: list[Callable[[], object]] = [
        lambda: hasty.rows("SELECT 1"),
        lambda: hasty.lines("SELECT 1"),
        lambda: list(hasty.column_blocks("SELECT 1")),
        lambda: hasty.command("SELECT 1"),
        lambda: insert(hasty, 1),
        lambda: insert(hasty, 2),
    ]
    with ThreadPoolExecutor(len(calls)) as threads:
        failures = [call.exception(60) for call in [threads.submit(call) for call in calls]]
    assert [type(failure) for failure in failures] == [WarehouseUnavailable] * len(calls)
    proxy.mode = Fault.NONE
    assert hasty.rows("SELECT 1") == [(1,)]


def test_a_start_against_a_silent_warehouse_ends(proxy: FaultyProxy) -> None:
    """Opening a client asks questions too; who waits for a place in the pool gets one when that fails."""
    proxy.mode = Fault.HANG
    starting = Warehouse.server(proxy.url, *_WRITER, size=1, patience=_HASTY)
    with ThreadPoolExecutor(3) as threads:
        failures = [call.exception(60) for call in [threads.submit(starting.rows, "SELECT 1") for _ in range(3)]]
    assert [type(failure) for failure in failures] == [WarehouseUnavailable] * 3
    proxy.mode = Fault.NONE
    assert starting.rows("SELECT 1") == [(1,)]
    starting.close()


def test_connections_that_the_server_has_closed_are_opened_anew(server: Warehouse, proxy: FaultyProxy) -> None:
    """A server ends idle connections: the next call must not pay for that, an insert least of all."""
    insert(server, 1)
    proxy.reset_connections()
    time.sleep(0.1)
    insert(server, 2)
    assert server.rows(f"SELECT count() FROM {DATABASE}.claims") == [(2,)]


@pytest.mark.parametrize("code", [0, 241, 286, 319, 999])
def test_an_answer_of_something_in_between_is_no_word_about_the_lines(
    code: int, server: Warehouse, proxy: FaultyProxy
) -> None:
    """Lines that a gateway has turned away with an error of its own must not end in quarantine."""
    proxy.error_code = code
    proxy.fail_next(Fault.ERROR)
    if code == 286:
        # Another insert was under way, nothing was written: waited for.
        insert(server, 1)
        return
    with pytest.raises(WarehouseUnavailable):
        insert(server, 1)


def test_lines_that_cannot_be_read_are_told_apart(server: Warehouse) -> None:
    """What the loader puts aside over HTTP is what it puts aside embedded."""
    for line in (b"not json\n", b"\xff\xfe\n", b'{"no_such_column":1}\n', b'{"partition":"x"}\n', b'{"partition":1'):
        with pytest.raises(UnreadableLines):
            server.insert_lines("claims", ("partition", "epoch", "nonce"), line, {})


def test_many_threads_over_few_connections(server: Warehouse, direct: Warehouse) -> None:
    """Each call has a connection for itself; no answer goes astray."""

    def write_and_read(number: int) -> int:
        insert(server, number)
        return int(server.rows("SELECT {number:UInt32}", {"number": number})[0][0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(write_and_read, range(40))) == list(range(40))
    assert direct.rows(f"SELECT uniqExact(partition), count() FROM {DATABASE}.claims") == [(40, 40)]


def test_a_checkpoint_under_faults_is_there_once(server: Warehouse, proxy: FaultyProxy, direct: Warehouse) -> None:
    """The worker repeats what failed under the same tags: readers see one state, whatever lies there twice."""
    store, state = PeopleStore(server), bytes(range(256))
    people = [person(f"u:{number}", state=state) for number in range(50)]
    counters = [CounterRow(0, Tag(*OWNER, 1), "dau", 20_000, 50)]
    steps: list[Callable[[], object]] = [
        lambda: store.write_claims({0: Owner(*OWNER)}),
        lambda: store.write_people(people),
        lambda: store.write_funnels([FunnelRow(0, "u:1", "onboarding", 20_000, Tag(*OWNER, 1), [1, 2])]),
        lambda: store.write_headers([header(0, OWNER, 1)]),
        lambda: store.write_counters(counters),
        lambda: publish(store, {"dau": {day_date(20_000): 50}}),
    ]
    for step in steps:
        for fault in (*REFUSED, *LOST):
            proxy.fail_next(fault)
            with pytest.raises(WarehouseUnavailable):
                step()
        step()
    clean = PeopleStore(direct)
    assert clean.highest_claims([0]) == {0: OWNER}
    assert clean.latest_headers([0]) == {0: header(0, OWNER, 1)}
    assert sorted(clean.load_people(0, (Segment(*OWNER, 1),))) == sorted((f"u:{n}", state) for n in range(50))
    assert direct.rows(f"SELECT count() FROM {DATABASE}.persons") == [(50,)]
    assert direct.rows(f"SELECT count() FROM {DATABASE}.funnel_entries_on_lineage") == [(1,)]
    assert direct.rows(f"SELECT metric, value FROM {DATABASE}.counter_totals") == [("dau", 50)]


def test_people_that_come_back_in_part_only_do_not_come_back(server: Warehouse, proxy: FaultyProxy) -> None:
    """A worker that took half of its people for all of them would publish wrong numbers."""
    store = PeopleStore(server)
    store.write_people([person(f"u:{number}", state=bytes(600)) for number in range(20_000)])
    proxy.fail_next(Fault.CUT_WITHIN_ANSWER, match=f"FROM {DATABASE}.people")
    with pytest.raises(WarehouseUnavailable):
        list(store.load_people(0, (Segment(*OWNER, 1),)))
    assert len(list(store.load_people(0, (Segment(*OWNER, 1),)))) == 20_000


def test_reports_under_faults_are_right_or_missing(
    hasty: Warehouse, proxy: FaultyProxy, direct: Warehouse, events_log: LocalLog, handoffs_log: LocalLog
) -> None:
    """A board shows a number or says that it has none, at every moment of an outage."""
    day = day_date(20_000)
    publish(PeopleStore(direct), {"dau": {day: 3}})
    reports = WarehouseReports(hasty, events_log, handoffs_log)
    ended = threading.Event()

    def make_trouble() -> None:
        for fault in (*REFUSED, *LOST, *SILENT, Fault.CUT_WITHIN_ANSWER, Fault.REFUSE):
            proxy.mode = fault
            time.sleep(0.2)
            proxy.mode = Fault.NONE
        ended.set()

    trouble = threading.Thread(target=make_trouble)
    trouble.start()
    while not ended.is_set():
        with suppress(WarehouseUnavailable):
            assert reports.daily(["dau"], day, day) == {"dau": {day: 3}}
    trouble.join()
    assert reports.daily(["dau"], day, day) == {"dau": {day: 3}}


def test_large_inserts_and_binary_strings_arrive_as_they_are(server: Warehouse, direct: Warehouse) -> None:
    """40 MB in one insert is one block; every byte value survives the way there and back."""
    store = PeopleStore(direct)
    states = {f"u:{number}": bytes((number + n) % 256 for n in range(256)) * 80 for number in range(2_000)}
    store.write_people([person(name, state=state) for name, state in states.items()])
    assert dict(store.load_people(0, (Segment(*OWNER, 1),))) == states
    parts = direct.rows(
        "SELECT rows FROM system.parts WHERE database = {database:String} AND table = 'people' AND active",
        {"database": DATABASE},
    )
    assert parts == [(2_000,)]
