"""What alerters have written to `alert_log`, for the one that takes over (`alerting.takeover.Predecessors`).

Does not read incidents for people: see `warehouse.alert_history`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from warehouse.client import DATABASE, Warehouse
from warehouse.reports import alert_row

_ROWS = f"SELECT * EXCEPT at, toUnixTimestamp64Milli(at) AS at_ms FROM {DATABASE}.alert_log_rows FINAL"

# Clocks step back and differ between machines: rows say their order themselves, but for those of the first release.
_LAST = f"""
{_ROWS} WHERE kind = 'transition'
ORDER BY if(JSONHas(details, 'order'), JSONExtractInt(details, 'order'), toUnixTimestamp64Milli(at)) DESC
LIMIT 1 BY rule_group, alert
"""

_TOLD = f"""
{_ROWS}
WHERE (at >= fromUnixTimestamp64Milli({{from_ms:Int64}}, 'UTC') OR alert_id IN {{ids:Array(String)}})
    AND alert_id != '' AND (message != '' OR kind != 'transition')
ORDER BY at, kind DESC
"""


class AlertPredecessors:
    """Every method may raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def last_transitions(self) -> Sequence[Mapping[str, Any]]:
        return [alert_row(row) for row in self._warehouse.records(_LAST)]

    def told(self, from_ms: int, alert_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        rows = self._warehouse.records(_TOLD, {"from_ms": from_ms, "ids": list(alert_ids)})
        return [alert_row(row) for row in rows]
