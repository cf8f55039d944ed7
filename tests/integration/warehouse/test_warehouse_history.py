"""What a rebuild reads: every accepted message once, in the order of event time, in blocks that fit into memory."""

import msgspec
from integration.warehouse.log_records import RECEIVED_MS, event, events

from stream.log.local import LocalLog
from warehouse.client import Warehouse
from warehouse.history import WarehouseHistory
from warehouse.loader import Loader

MINUTE_MS = 60_000


def test_a_day_of_many_events_comes_in_many_blocks(warehouse: Warehouse, events_log: LocalLog) -> None:
    """However many events a day has: together the blocks hold each message once, the earliest copy of it."""
    rows = [event(f"m{number:02}", occurred_ms=RECEIVED_MS + number * MINUTE_MS) for number in range(60)]
    late_copy = event("m07", occurred_ms=RECEIVED_MS + 30 * MINUTE_MS)
    events_log.append([events(0, late_copy, *reversed(rows)), events(1, late_copy)])
    Loader(events_log, warehouse).load_once()
    blocks = list(WarehouseHistory(warehouse, block_events=10).events())
    read = [msgspec.json.decode(line) for block in blocks for line in block.splitlines()]
    assert [(line["message_id"], line["occurred_ms"]) for line in read] == [
        (row.message_id, row.occurred_ms) for row in rows
    ]
    assert len(blocks) >= 6


def test_without_events_there_is_no_block(warehouse: Warehouse) -> None:
    """A new installation may be asked to rebuild."""
    assert list(WarehouseHistory(warehouse).events()) == []
