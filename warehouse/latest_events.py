"""The newest messages with their verdicts, for the live view.

Does not read the log: a message shows once it is loaded.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from threading import Lock
from typing import Any

import msgspec

from warehouse.client import DATABASE, Warehouse
from warehouse.ledger import NOTHING, Ledger, Totals

RECENT_MS = 120_000
"""While messages come in, the newest are looked for in this much time only: the index leaves older parts unread."""

# More than the limit, since copies of a message are only united afterwards.
_LATEST = f"""
SELECT message_id, type, event, name, user_id, anonymous_id, violations,
       toUnixTimestamp64Milli(received_at) AS received_ms, toUnixTimestamp64Milli(occurred_at) AS occurred_ms,
       status, source
FROM (
    SELECT * FROM (
        SELECT message_id, type, event, name, user_id, anonymous_id, violations, received_at, occurred_at, source,
               if(violations = '[]', 'stored', 'flagged') AS status
        FROM {DATABASE}.events WHERE received_at >= fromUnixTimestamp64Milli({{since_ms:Int64}}, 'UTC')
        ORDER BY received_at DESC LIMIT {{twice:UInt32}}
    )
    UNION ALL
    SELECT * FROM (
        SELECT message_id, type, event, '' AS name, user_id, anonymous_id, violations, received_at,
               received_at AS occurred_at, source, 'quarantined' AS status
        FROM {DATABASE}.quarantine_rows WHERE received_at >= fromUnixTimestamp64Milli({{since_ms:Int64}}, 'UTC')
        ORDER BY received_at DESC LIMIT {{twice:UInt32}}
    )
)
ORDER BY received_at DESC, message_id LIMIT 1 BY message_id, status LIMIT {{limit:UInt32}}
"""


class LatestEvents:
    """Asks the tables again only after a load. Safe to use from several threads."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._ledger = Ledger(warehouse)
        self._lock = Lock()
        self._known: dict[int, tuple[Totals, list[dict[str, Any]]]] = {}

    def read(self, limit: int, now_ms: int) -> Sequence[Mapping[str, Any]]:
        """At most `limit` messages, newest first. May raise `WarehouseUnavailable`."""
        totals = reduce(Totals.plus, (part.totals for part in self._ledger.read().done.values()), NOTHING)
        with self._lock:
            known = self._known.get(limit)
        if known is not None and known[0] == totals:
            return known[1]
        rows: list[dict[str, Any]] = []
        for since_ms in _beginnings(known[1] if known else [], limit, now_ms):
            rows = self._since(limit, since_ms)
            if len(rows) == limit:
                break
        with self._lock:
            self._known[limit] = (totals, rows)
        return rows

    def _since(self, limit: int, since_ms: int) -> list[dict[str, Any]]:
        parameters = {"limit": limit, "twice": 2 * limit, "since_ms": since_ms}
        rows = self._warehouse.records(_LATEST, parameters)
        return [row | {"violations": msgspec.json.decode(row["violations"])} for row in rows]


def _beginnings(known: Sequence[Mapping[str, Any]], limit: int, now_ms: int) -> list[int]:
    """Where to look, one after the other until there are enough: among what was newest before, and newer, there are.

    The whole table is looked through at the first question only, and while it holds few messages.
    """
    recent_ms = now_ms - RECENT_MS
    if len(known) < limit:
        return [recent_ms, 0]
    oldest_ms = known[-1]["received_ms"]
    return [max(recent_ms, oldest_ms), min(recent_ms, oldest_ms), 0]
