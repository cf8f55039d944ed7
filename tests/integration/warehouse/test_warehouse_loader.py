"""The loader against a real log and engine: each record once, whatever is cut short."""

import threading
from collections.abc import Callable

import pytest
from integration.warehouse.cut_loads import MOMENTS, CutLoader, Killed, physical, totals
from integration.warehouse.log_records import RECEIVED_MS, event, events, links, quarantined, unreadable
from msgspec import Raw

from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.mending import FILLED_OFFSETS, fill_up
from warehouse.client import DATABASE, UnreadableLines, Warehouse, WarehouseUnavailable
from warehouse.ledger import Ledger, Totals
from warehouse.loader import Loader


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_load_cut_short_is_finished_once(moment: str, warehouse: Warehouse, events_log: LocalLog) -> None:
    """Planned, inserted with a token, done: killed anywhere, the same borders are inserted again and drop out."""
    events_log.append([events(0, event("m1"), event("m2")), events(1, event("m3"))])
    events_log.append([links(1, ("d1", "u1")), quarantined(0, "q1", "q2")])
    with pytest.raises(Killed):
        CutLoader(events_log, warehouse, moment).load_once()
    # What is appended meanwhile must not move the borders of the range that is repeated.
    events_log.append([events(0, event("m4"))])
    loader = Loader(events_log, warehouse)
    while loader.load_once().ranges:
        pass
    assert physical(warehouse, "events") == 4
    assert physical(warehouse, "identity_links") == 1
    assert physical(warehouse, "quarantine_rows") == 2
    assert totals(warehouse) == Totals(accepted=4, quarantined=2, lines=7)
    assert loader.loaded_up_to() == {(Topic.EVENTS, 0): 2, (Topic.EVENTS, 1): 2, (Topic.QUARANTINE, 0): 1}


def test_a_frozen_loader_leaves_no_trace_in_the_numbers(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Another loader has gone on; the frozen one finishes late, under other borders, and moves nothing back."""
    events_log.append([events(0, event("m1"))])
    frozen = CutLoader(events_log, warehouse, "after plan")
    with pytest.raises(Killed):
        frozen.load_once()
    stale = Ledger(warehouse).read().unfinished
    events_log.append([events(0, event("m2"))])
    loader = Loader(events_log, warehouse)
    while loader.load_once().ranges:
        pass
    Ledger(warehouse).finish(stale)
    assert Ledger(warehouse).read().done[Topic.EVENTS, 0].to_offset == 2
    assert totals(warehouse).accepted == 2


def test_a_large_range_is_one_block(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Deduplication works block by block, so one range must be one part."""
    padding = Raw(b'{"text":"%s"}' % (b"x" * 400))
    for first in range(0, 60_000, 500):
        rows = [event(f"m{number}", properties=padding) for number in range(first, first + 500)]
        events_log.append([events(0, *rows)])
    loader = Loader(events_log, warehouse, max_lines=200_000, max_bytes=200_000_000)
    loader.load_once()
    written = warehouse.rows(
        "SELECT rows FROM system.parts WHERE database = {database:String} AND table = 'events' AND active",
        {"database": DATABASE},
    )
    assert written == [(60_000,)]
    assert len(Ledger(warehouse).read().done) == 1


def test_copies_are_one_event_with_the_earliest_time(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Of several copies of a message the earliest corrected time counts, in whatever order they were loaded."""
    loader = Loader(events_log, warehouse)
    for occurred_ms in (RECEIVED_MS - 5, RECEIVED_MS - 9, RECEIVED_MS - 7):
        events_log.append([events(0, event("m1", occurred_ms=occurred_ms))])
        loader.load_once()
    found = warehouse.rows(f"SELECT message_id, toUnixTimestamp64Milli(occurred_at) FROM {DATABASE}.events_resolved")
    assert found == [("m1", RECEIVED_MS - 9)]
    assert totals(warehouse).accepted == 3


def test_the_first_link_of_a_device_wins(warehouse: Warehouse, events_log: LocalLog) -> None:
    """First in the order of the device's partition, not in the order of loading."""
    events_log.append([links(0, ("d1", "u2"), ("d1", "u1")), links(0, ("d1", "u0"))])
    loader = Loader(events_log, warehouse, max_lines=1)
    while loader.load_once().ranges:
        pass
    assert warehouse.rows(f"SELECT anonymous_id, user_id FROM {DATABASE}.identity_links FINAL") == [("d1", "u2")]


def test_raw_json_is_kept_as_it_was_sent(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Properties are stored byte for byte, bots are recognised, times are UTC."""
    properties = Raw(b'{"b": [1, {"x": "\\u00e9"}],"a":1.50}')
    context = Raw(b'{"userAgent":"Mozilla/5.0 (compatible; Googlebot/2.1)"}')
    events_log.append([events(0, event("m1", properties=properties, context=context), event("m2"))])
    Loader(events_log, warehouse).load_once()
    rows = warehouse.rows(
        f"SELECT properties, context, is_bot, toString(received_at) FROM {DATABASE}.events ORDER BY message_id"
    )
    assert rows[0] == (bytes(properties).decode(), bytes(context).decode(), True, "2026-01-01 00:00:00.000")
    assert rows[1][:3] == ("{}", "{}", False)


def test_an_unreadable_line_is_put_aside_and_its_neighbours_are_loaded(
    warehouse: Warehouse, events_log: LocalLog
) -> None:
    """One poisoned line stops nothing; it is kept with a reason, once, also when the load is repeated."""
    poison = (b"not json", b"\xff\xfe", b'{"message_id":"x","no_such_column":1}')
    events_log.append([events(0, event("m1")), unreadable(0, *poison), events(1, event("m2"))])
    with pytest.raises(Killed):
        CutLoader(events_log, warehouse, "before done").load_once()
    loader = Loader(events_log, warehouse)
    while loader.load_once().ranges:
        pass
    assert physical(warehouse, "events") == 2
    rows = warehouse.rows(f"SELECT raw, raw_encoding, source FROM {DATABASE}.quarantine ORDER BY raw_encoding, raw")
    assert rows == [
        ("//4K", "base64", "loader"),
        ("not json\n", "utf-8", "loader"),
        ('{"message_id":"x","no_such_column":1}\n', "utf-8", "loader"),
    ]
    assert totals(warehouse) == Totals(accepted=5, put_aside=3, lines=5)


def test_a_failing_warehouse_pauses_loading_and_nothing_is_lost(
    warehouse: Warehouse, events_log: LocalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An insert whose answer is lost is repeated with its token; the loader goes on by itself."""
    real: Callable[..., None] = warehouse.insert_lines
    failures = iter((False, True, True, False, True))

    def flaky(table: str, *rest: object) -> None:
        real(table, *rest)
        if next(failures, False):
            raise WarehouseUnavailable("the answer was lost")

    monkeypatch.setattr(warehouse, "insert_lines", flaky)
    loaded = threading.Event()
    loader = Loader(events_log, warehouse, on_loaded=loaded.set)
    events_log.append([events(0, event("m1")), links(0, ("d1", "u1"))])
    loader.start()
    assert loaded.wait(20)
    assert loader.stop()
    assert physical(warehouse, "events") == 1
    assert totals(warehouse).accepted == 1


def test_stop_loads_what_the_log_still_holds(warehouse: Warehouse, events_log: LocalLog) -> None:
    """SIGTERM drains: what was acknowledged before is loaded when stop returns."""
    loader = Loader(events_log, warehouse, max_lines=2)
    loader.start()
    for number in range(25):
        events_log.append([events(number % 2, event(f"m{number}"))])
    assert loader.stop()
    assert physical(warehouse, "events") == 25


def test_a_loader_that_cannot_go_on_says_so(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Records removed before they were loaded are a loss that must not pass in silence."""
    events_log.append([events(0, event("m1"))])
    Loader(events_log, warehouse).load_once()
    events_log.append([events(0, event("m2")), events(0, event("m3"))])
    events_log.prune(Topic.EVENTS, 0, 2)
    failures: list[Exception] = []
    failed = threading.Event()

    def on_failure(error: Exception) -> None:
        failures.append(error)
        failed.set()

    loader = Loader(events_log, warehouse, on_failure=on_failure)
    loader.start()
    assert failed.wait(20)
    assert isinstance(failures[0], LookupError)


@pytest.mark.parametrize("value", [b"", b"\n"])
def test_a_record_without_lines_loads_nothing_and_stops_nothing(
    events_log: LocalLog, warehouse: Warehouse, value: bytes
) -> None:
    """What stands for a record that was lost to damage is passed by, alone in its range or among others."""
    fillers = [Record(Topic.EVENTS, 1, kind, 0, value) for kind in (Kind.EVENTS, Kind.LINKS)]
    loader = Loader(events_log, warehouse)
    events_log.append(fillers)
    assert loader.load_once().line_count == 0
    events_log.append([*fillers, events(1, event("m1")), *fillers])
    loader.load_once()
    assert loader.loaded_up_to()[Topic.EVENTS, 1] == 7
    assert warehouse.rows(f"SELECT message_id FROM {DATABASE}.events_resolved") == [("m1",)]


def test_a_load_is_bounded_by_bytes_too(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Few but long lines make a load full; a record larger than the bound is a load of its own."""
    padding = Raw(b'{"text":"%s"}' % (b"x" * 10_000))
    for number in range(10):
        events_log.append([events(0, event(f"m{number}", properties=padding))])
    loader = Loader(events_log, warehouse, max_bytes=40_000)
    loads = [loader.load_once() for _ in range(6)]
    assert [len(load.records) for load in loads] == [2, 2, 2, 2, 2, 0]
    assert [load.is_full for load in loads] == [True, True, True, True, True, False]
    assert Loader(events_log, warehouse, max_bytes=1).load_once().line_count == 0
    events_log.append([events(0, event("m10", properties=padding), event("m11"))])
    assert Loader(events_log, warehouse, max_bytes=1).load_once().line_count == 2
    assert physical(warehouse, "events") == 12


@pytest.mark.parametrize("moment", ["before events", "after events", "after quarantine_rows", "before done"])
def test_a_range_that_was_planned_too_large_is_inserted_in_pieces(
    moment: str, warehouse: Warehouse, events_log: LocalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older release planned and the warehouse refuses as a whole is loaded once, wherever it is cut short."""
    padding = Raw(b'{"text":"%s"}' % (b"x" * 10_000))
    for number in range(8):
        events_log.append([events(number % 2, event(f"m{number}", properties=padding))])
    events_log.append([unreadable(0, b"not json"), links(1, ("d1", "u1")), quarantined(0, "q1", "q2")])
    with pytest.raises(Killed):
        CutLoader(events_log, warehouse, "after plan").load_once()
    real: Callable[..., None] = warehouse.insert_lines

    def limited(table: str, columns: object, lines: bytes, settings: object) -> None:
        if len(lines) > 40_000:
            raise UnreadableLines("JSON string is too large, maximum size is 1073741824")
        real(table, columns, lines, settings)

    monkeypatch.setattr(warehouse, "insert_lines", limited)
    with pytest.raises(Killed):
        CutLoader(events_log, warehouse, moment, max_bytes=30_000).load_once()
    loader = Loader(events_log, warehouse, max_bytes=30_000)
    while loader.load_once().ranges:
        pass
    assert physical(warehouse, "events") == 8
    assert physical(warehouse, "quarantine_rows") == 3
    assert totals(warehouse) == Totals(accepted=9, quarantined=2, put_aside=1, lines=12)


def test_what_fills_the_place_of_lost_records_is_passed_over(warehouse: Warehouse, events_log: LocalLog) -> None:
    """After damage offsets go on behind empty records; they are nobody's poison, however many there are."""
    for topic in (Topic.EVENTS, Topic.QUARANTINE):
        fill_up(events_log._connection, topic, 0, FILLED_OFFSETS, RECEIVED_MS)
    log = LocalLog(events_log.path, EVENT_TOPICS, 2)
    log.append([events(0, event("m1")), quarantined(0, "q1")])
    loader = Loader(log, warehouse)
    while loader.load_once().ranges:
        pass
    assert physical(warehouse, "events") == 1
    assert physical(warehouse, "quarantine_rows") == 1
    assert loader.loaded_up_to()[Topic.QUARANTINE, 0] == FILLED_OFFSETS + 1
    log.close()
