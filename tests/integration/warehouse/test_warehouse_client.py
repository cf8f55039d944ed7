"""The pool of clients and the sorting of errors, on the real engine."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integration.warehouse.log_records import RECEIVED_MS

from warehouse.client import DATABASE, UnreadableLines, Warehouse, WarehouseUnavailable

ROW = b'{"message_id":"%d","type":"track","occurred_ms":%d,"received_ms":%d}\n'


def test_many_threads_share_few_clients(warehouse: Warehouse) -> None:
    """More calls than clients wait for their turn; none is lost, none sees another's rows."""

    def write_and_read(number: int) -> int:
        row = ROW % (number, RECEIVED_MS, RECEIVED_MS)
        warehouse.insert_lines("events", ["message_id", "type", "occurred_ms", "received_ms"], row, {})
        return int(warehouse.rows("SELECT {number:UInt32}", {"number": number})[0][0])

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(write_and_read, range(60))) == list(range(60))
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.events") == [(60,)]


def test_a_reader_half_way_does_not_block_others(warehouse: Warehouse) -> None:
    """An iterator takes up one client until it is closed; others go on, from the same thread too."""
    blocks = warehouse.column_blocks("SELECT number FROM numbers(1000000)")
    next(iter(blocks))
    assert warehouse.rows("SELECT 1") == [(1,)]
    done = threading.Event()
    other = threading.Thread(target=lambda: (warehouse.rows("SELECT 2"), done.set()))
    other.start()
    other.join(20)
    assert done.is_set()
    blocks.close()
    assert warehouse.rows("SELECT 3") == [(3,)]


def test_mistakes_are_not_mistaken_for_outages(warehouse: Warehouse) -> None:
    """A caller waits for what may pass; a wrong query or wrong lines would be repeated for ever."""
    with pytest.raises(DatabaseError):
        warehouse.rows("SELECT no_such_column")
    with pytest.raises(UnreadableLines):
        warehouse.insert_lines("events", ["message_id"], b"not json\n", {})
    with pytest.raises(WarehouseUnavailable):
        warehouse.rows("SELECT count() FROM numbers(1000000000) SETTINGS max_execution_time = 0.01")
    assert warehouse.rows("SELECT 1") == [(1,)]


def test_a_token_makes_a_repeated_insert_harmless(warehouse: Warehouse) -> None:
    """Without a token the engine takes what it is given; with one it remembers the block."""
    lines = b'{"anonymous_id":"d","partition":0,"log_offset":1,"line":0}\n'
    columns = ["anonymous_id", "partition", "log_offset", "line"]
    for token in ("a", "a", "b"):
        warehouse.insert_lines("identity_links", columns, lines, {"insert_deduplication_token": token})
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.identity_links") == [(2,)]
