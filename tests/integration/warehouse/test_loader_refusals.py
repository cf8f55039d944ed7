"""What the loader neither loads nor puts aside: it ends there by name, and everything before is loaded."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from integration.warehouse.cut_loads import physical
from integration.warehouse.log_records import event, events

from schemas.log import LogCutShort
from schemas.topics import FORMAT_VERSION, Kind, Record, Topic, WrittenByLaterVersion
from stream.log.local import LocalLog
from warehouse.client import Warehouse
from warehouse.dead_letters import PoisonLimit, TooMuchPoison
from warehouse.ledger import Ledger
from warehouse.loader import Loader

LATER = replace(events(0, event("later")), version=FORMAT_VERSION + 1)
STRAY = Record(Topic.EVENTS, 0, Kind.QUARANTINE, 1, b"{}\n")
LIMIT = PoisonLimit(records=5, among=20)


def load_all(loader: Loader) -> None:
    while loader.load_once().ranges:
        pass


def test_a_later_format_version_ends_the_loader_and_everything_before_is_loaded(
    warehouse: Warehouse, events_log: LocalLog
) -> None:
    """In a rolling upgrade the old loader ends, however often it is started, and a new one goes on with the record."""
    events_log.append([events(0, event("m1")), LATER, events(0, event("m2")), events(1, event("m3"))])
    for number in range(3):
        with pytest.raises(WrittenByLaterVersion, match="events/0 have version 2"):
            load_all(Loader(events_log, warehouse))
        events_log.append([events(1, event(f"n{number}"))])
    assert physical(warehouse, "events") == 4
    assert physical(warehouse, "quarantine_rows") == 0
    assert Ledger(warehouse).read().done[Topic.EVENTS, 0].to_offset == 1


def test_a_range_that_a_newer_release_planned_is_left_to_it(warehouse: Warehouse, events_log: LocalLog) -> None:
    """It died before its insert; an old loader that leads now must not read its lines as older ones."""
    events_log.append([events(0, event("m1"))])
    load_all(Loader(events_log, warehouse))
    done = Ledger(warehouse).read().done[Topic.EVENTS, 0]
    events_log.append([LATER])
    Ledger(warehouse).plan([replace(done, from_offset=1, to_offset=2)])
    with pytest.raises(WrittenByLaterVersion):
        Loader(events_log, warehouse).load_once()
    assert physical(warehouse, "events") == 1


def test_a_log_that_ends_before_what_was_loaded_is_refused(warehouse: Warehouse, events_log: LocalLog) -> None:
    """It has lost records or is another one: what is appended there next would never be loaded, in silence."""
    events_log.append([events(0, event("m1"))])
    load_all(Loader(events_log, warehouse))
    done = Ledger(warehouse).read().done[Topic.EVENTS, 0]
    Ledger(warehouse).finish([replace(done, from_offset=1, to_offset=9)])
    with pytest.raises(LogCutShort, match="events/0 ends at offset 1, but everything before 9"):
        load_all(Loader(events_log, warehouse))


def sure(numbers: Iterable[int]) -> list[Record]:
    return [events(0, event(f"m{number}")) for number in numbers]


def test_the_poison_limit_is_one_window_that_slides(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Few before a load and few far behind its first one are never so many within the window, as for a worker."""
    events_log.append([STRAY] * 4)
    load_all(Loader(events_log, warehouse, poison_limit=LIMIT))
    events_log.append([STRAY, *sure(range(20)), *[STRAY] * 5])
    load_all(Loader(events_log, warehouse, poison_limit=LIMIT))
    assert physical(warehouse, "quarantine_rows") == 10
    events_log.append([*sure(range(20, 30)), STRAY])
    with pytest.raises(TooMuchPoison, match="of 20 records of events/0 up to offset 40 more than 5"):
        load_all(Loader(events_log, warehouse, poison_limit=LIMIT))


def test_what_was_put_aside_under_a_higher_limit_counts_only_within_the_window(
    warehouse: Warehouse, events_log: LocalLog
) -> None:
    """Or a limit that was raised once could never be lowered again."""
    events_log.append([*[STRAY] * 8, *sure(range(16)), STRAY])
    load_all(Loader(events_log, warehouse, poison_limit=PoisonLimit(records=9, among=30)))
    assert physical(warehouse, "quarantine_rows") == 9
    events_log.append([STRAY])
    load_all(Loader(events_log, warehouse, poison_limit=LIMIT))
    assert physical(warehouse, "quarantine_rows") == 10
