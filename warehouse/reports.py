"""What boards, the read API and alerting ask the warehouse (`schemas.reading.Reports`).

Does not shape answers for people: see the read API.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec

from schemas.calendar import day_date, day_number
from schemas.log import LogReader
from schemas.reading import Completeness, FunnelPersons, PersonReport, Quality, RestatedDay
from warehouse.client import DATABASE, Warehouse
from warehouse.completeness import CompletenessReport
from warehouse.latest_events import LatestEvents
from warehouse.persons import find_event, find_person
from warehouse.quality import QualityReport

_DAILY = f"""
SELECT metric, bucket, value FROM {DATABASE}.counter_totals
WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
  AND bucket <= toInt32(toUInt16((SELECT day FROM {DATABASE}.today)))
"""

_DATA_DAYS = f"SELECT min(day), max(day), count() FROM {DATABASE}.days"

# One row per number, however many causes it has: history that is imported out of order makes thousands.
_RESTATED_DAYS = f"""
SELECT changed.metric, changed.bucket, totals.value - moved, totals.value, causes, latest.1, latest.2, latest_ms
FROM (
    SELECT metric, bucket, sum(delta) AS moved, count() AS causes,
           argMax((reason, cause), (at_ms, cause)) AS latest, max(at_ms) AS latest_ms
    FROM {DATABASE}.restatement_deltas
    WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
    GROUP BY metric, bucket
) AS changed
LEFT JOIN (
    SELECT metric, bucket, value FROM {DATABASE}.counter_totals
    WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
) AS totals ON totals.metric = changed.metric AND totals.bucket = changed.bucket
ORDER BY latest_ms DESC, changed.metric, changed.bucket DESC
"""

# A person counts once by the furthest step of any entry; times from step to step are of all entries.
_FUNNEL_PERSONS = f"""
SELECT sumForEach(arrayWithConstant(furthest, 1)), quantileExactInclusiveForEachArray(0.5)(differences) FROM (
    SELECT max(length(times_ms)) AS furthest, groupArray(arrayPopFront(arrayDifference(times_ms))) AS differences
    FROM {DATABASE}.funnel_entries_on_lineage
    WHERE funnel = {{funnel:String}} AND day BETWEEN {{first:Int32}} AND {{last:Int32}} GROUP BY person_id
)
"""

_ALERT_COLUMNS = (
    "at_ms",
    "kind",
    "alert_id",
    "alert",
    "metric",
    "bucket",
    "value",
    "condition",
    "severity",
    "owner",
    "receiver",
    "from_state",
    "to_state",
    "message",
    "status",
    "attempts",
    "detail",
)

_ALERT_LOG = f"""
SELECT * EXCEPT at, toUnixTimestamp64Milli(at) AS at_ms
FROM {DATABASE}.alert_log_rows FINAL ORDER BY at DESC LIMIT {{limit:UInt32}}
"""

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


class WarehouseReports:
    """Implements `schemas.reading.Reports`; safe to use from several threads."""

    def __init__(
        self,
        warehouse: Warehouse,
        events_log: LogReader,
        handoffs_log: LogReader,
        clock: Callable[[], int] = _unix_ms,
    ) -> None:
        """`events_log` holds `events` and `quarantine`. `clock` gives Unix ms."""
        self._warehouse = warehouse
        self._completeness = CompletenessReport(warehouse, events_log, handoffs_log)
        self._quality = QualityReport(warehouse)
        self._latest = LatestEvents(warehouse)
        self._clock = clock

    def daily(self, counters: Sequence[str], first: date, last: date) -> Mapping[str, Mapping[date, int]]:
        values: dict[str, dict[date, int]] = {counter: {} for counter in counters}
        for metric, bucket, value in self._warehouse.rows(_DAILY, _range(counters, first, last)):
            values[metric][day_date(bucket)] = value
        return values

    def data_days(self) -> tuple[date, date] | None:
        first, last, count = self._warehouse.rows(_DATA_DAYS)[0]
        return (first, last) if count else None

    def restated_days(self, counters: Sequence[str], first: date, last: date) -> Sequence[RestatedDay]:
        rows = self._warehouse.rows(_RESTATED_DAYS, _range(counters, first, last))
        return [RestatedDay(metric, day_date(bucket), *told) for metric, bucket, *told in rows]

    def funnel_persons(self, funnel: str, steps: int, first: date, last: date) -> FunnelPersons:
        parameters = {"funnel": funnel, "first": day_number(first), "last": day_number(last)}
        reached, medians = self._warehouse.rows(_FUNNEL_PERSONS, parameters)[0]
        return FunnelPersons(
            reached=_padded(reached, steps, 0),
            median_seconds=_padded([None, *(median / 1000 for median in medians)], steps, None),
        )

    def person(self, identifier: str) -> PersonReport | None:
        return find_person(self._warehouse, identifier)

    def event(self, message_id: str) -> Mapping[str, Any] | None:
        return find_event(self._warehouse, message_id)

    def latest_events(self, limit: int) -> Sequence[Mapping[str, Any]]:
        return self._latest.read(limit, self._clock())

    def completeness(self) -> Completeness:
        return self._completeness.read(self._clock())

    def quality(self) -> Quality:
        return self._quality.read(self.completeness())

    def alert_log(self, limit: int) -> Sequence[Mapping[str, Any]]:
        rows = self._warehouse.records(_ALERT_LOG, {"limit": limit})
        return [_alert_row(row) for row in rows]

    def write_alert_log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows need `at_ms` and `kind`; fields without a column are kept as JSON. The same row twice is one row."""
        if rows:
            lines = _ENCODER.encode_lines([_alert_line(row) for row in rows])
            self._warehouse.insert_lines("alert_log_rows", (*_ALERT_COLUMNS, "details"), lines, {})


def _range(counters: Sequence[str], first: date, last: date) -> dict[str, Any]:
    return {"metrics": list(counters), "first": day_number(first), "last": day_number(last)}


def _padded(values: Sequence[T], length: int, filler: T) -> list[T]:
    return [*values, *[filler] * (length - len(values))][:length]


def _alert_line(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if name in _ALERT_COLUMNS}
    others = {name: value for name, value in row.items() if name not in _ALERT_COLUMNS}
    return known | {"details": _ENCODER.encode(others).decode()}


def _alert_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it was written: columns that were left out come back as empty or None."""
    others: dict[str, Any] = msgspec.json.decode(row["details"])
    return {name: value for name, value in row.items() if name != "details"} | others
