"""The incidents of alerts out of `alert_log` (`schemas.alert_history.AlertHistory`).

Does not write the log: see `warehouse.reports`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from schemas.alert_history import Incident, IncidentsQuestion, IncidentStep
from warehouse.client import DATABASE, Warehouse

MOST_STEPS = 200
"""Of one incident; one that keeps breaching and clearing has more than anybody reads."""

_LOG = f"{DATABASE}.alert_log_rows FINAL"

# An incident that began before the range and is still open belongs to it: no bound on `at` here.
_INCIDENTS = f"""
SELECT
    alert_id, rule_group, alert,
    argMin((metric, bucket, condition, severity, owner), at) AS told,
    toUnixTimestamp64Milli(min(at)) AS started_ms,
    toUnixTimestamp64Milli(maxIf(at, to_state = 'inactive')) AS last_end_ms,
    countIf(to_state = 'inactive') > 0 AS is_over
FROM {_LOG}
WHERE kind = 'transition' AND alert_id != ''
    AND ({{rule:String}} = '' OR concat(rule_group, '/', alert) = {{rule:String}})
    AND ({{metric:String}} = '' OR metric = {{metric:String}} OR startsWith(metric, concat({{metric:String}}, '[')))
GROUP BY alert_id, rule_group, alert
HAVING started_ms < {{to_ms:Int64}} AND (NOT is_over OR last_end_ms >= {{from_ms:Int64}})
ORDER BY started_ms DESC, alert_id LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}
"""

_STEPS = f"""
SELECT
    alert_id, toUnixTimestamp64Milli(at) AS at_ms, kind, value, from_state, to_state, receiver, status, message,
    attempts, detail
FROM {_LOG}
WHERE alert_id IN {{ids:Array(String)}}
ORDER BY alert_id, at, kind DESC LIMIT {MOST_STEPS} BY alert_id
"""


class WarehouseAlertHistory:
    """Every method may raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def incidents(self, question: IncidentsQuestion) -> Sequence[Incident]:
        found = self._warehouse.records(_INCIDENTS, asdict(question))
        steps = self._steps([row["alert_id"] for row in found])
        return [_incident(row, steps[row["alert_id"]]) for row in found]

    def _steps(self, ids: Sequence[str]) -> Mapping[str, list[IncidentStep]]:
        steps: dict[str, list[IncidentStep]] = defaultdict(list)
        if ids:
            for row in self._warehouse.records(_STEPS, {"ids": list(ids)}):
                steps[row.pop("alert_id")].append(IncidentStep(**row))
        return steps


def _incident(row: Mapping[str, Any], steps: Sequence[IncidentStep]) -> Incident:
    metric, bucket, condition, severity, owner = row["told"]
    return Incident(
        alert_id=row["alert_id"],
        group=row["rule_group"],
        alert=row["alert"],
        metric=metric,
        bucket=bucket,
        condition=condition,
        severity=severity,
        owner=owner,
        started_ms=row["started_ms"],
        ended_ms=row["last_end_ms"] if row["is_over"] else None,
        steps=tuple(steps),
    )
