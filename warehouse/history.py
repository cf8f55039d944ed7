"""Everything that was ever accepted, read back for a rebuild of people and counters (`schemas.replay.History`).

Does not rebuild anything. Copies of messages are merged away first, so that each message comes once, but for copies
that are loaded meanwhile: these are harmless, as they are in the log.
"""

from collections.abc import Iterator, Mapping

from schemas.replay import PublishedNumber
from schemas.topics import Topic
from warehouse.client import DATABASE, Warehouse
from warehouse.ledger import Ledger

_SPAN = f"""
SELECT toInt64(min(toUnixTimestamp64Milli(occurred_at))), toInt64(max(toUnixTimestamp64Milli(occurred_at))),
    toInt64(max(toUnixTimestamp64Milli(received_at))), count()
FROM {DATABASE}.events
"""

_EVENTS = f"""
SELECT message_id, type, event, user_id, anonymous_id, previous_id, junk, secret,
    toUnixTimestamp64Milli(occurred_at) AS occurred_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    toUnixTimestamp64Milli(timestamp) AS timestamp_ms, toUnixTimestamp64Milli(sent_at) AS sent_ms
FROM {DATABASE}.events
WHERE occurred_at >= fromUnixTimestamp64Milli({{first:Int64}}) AND occurred_at < fromUnixTimestamp64Milli({{end:Int64}})
ORDER BY occurred_at, message_id
"""

_LINKS = f"""
SELECT anonymous_id, user_id, message_id, toUnixTimestamp64Milli(received_at) AS received_ms
FROM {DATABASE}.identity_links FINAL
"""

_PUBLISHED = f"SELECT metric, bucket, toInt64(value) FROM {DATABASE}.counter_totals"

_DAY_MS = 86_400_000
_SHORTEST_BLOCK_MS = 60_000
BLOCK_EVENTS = 1_000_000
"""Events of a block, roughly: it is held in memory as text and decoded, some 1 GB. Each block reads all times anew."""


class WarehouseHistory:
    """Implements `schemas.replay.History` over the loaded tables."""

    def __init__(self, warehouse: Warehouse, block_events: int = BLOCK_EVENTS) -> None:
        self._warehouse = warehouse
        self._block_events = block_events

    def positions(self) -> Mapping[int, int]:
        done = Ledger(self._warehouse).read().done
        return {part.partition: part.to_offset for part in done.values() if part.topic is Topic.EVENTS}

    def last_received_ms(self) -> int:
        return int(self._warehouse.rows(_SPAN)[0][2])

    def links(self) -> Iterator[bytes]:
        yield self._warehouse.lines(_LINKS)

    def events(self) -> Iterator[bytes]:
        self._warehouse.command(f"OPTIMIZE TABLE {DATABASE}.events FINAL")
        first, last, _, count = self._warehouse.rows(_SPAN)[0]
        if count == 0:
            return
        block_ms = max(_SHORTEST_BLOCK_MS, min(_DAY_MS, (last - first) * self._block_events // count))
        for start in range(first, last + 1, block_ms):
            yield self._warehouse.lines(_EVENTS, {"first": start, "end": start + block_ms})

    def published(self) -> list[PublishedNumber]:
        return [PublishedNumber(*row) for row in self._warehouse.rows(_PUBLISHED)]
