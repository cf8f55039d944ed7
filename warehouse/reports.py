"""What boards, the read API and alerting ask the warehouse (`schemas.reading.Reports`).

Does not shape answers for people: see the read API.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from threading import Lock
from typing import Any, TypeVar

import msgspec

from schemas.calendar import day_number
from schemas.log import LogReader, LogUnavailable
from schemas.reading import Completeness, FunnelPersons, PersonReport, Quality, ReadingUnavailable, RestatedDay
from schemas.topics import Topic
from warehouse.client import DATABASE, Warehouse
from warehouse.completeness import CompletenessReport
from warehouse.latest_events import LatestEvents
from warehouse.persons import find_event, find_person
from warehouse.published import PublishedCounters
from warehouse.quality import QualityReport
from warehouse.reader_lag import ReaderLag, reader_lags

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
    "rule_group",
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

RECENT_SECONDS = 0.2
"""How old a recent completeness may be."""

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
        self._published = PublishedCounters(warehouse, clock)
        self._completeness = CompletenessReport(warehouse, events_log, handoffs_log)
        self._logs = {Topic.EVENTS: events_log, Topic.QUARANTINE: events_log, Topic.HANDOFFS: handoffs_log}
        self._quality = QualityReport(warehouse)
        self._latest = LatestEvents(warehouse)
        self._clock = clock
        self._keeping = Lock()
        self._recent: tuple[float, Completeness] | None = None

    def daily(self, counters: Sequence[str], first: date, last: date) -> Mapping[str, Mapping[date, int]]:
        return self._published.daily(counters, first, last)

    def data_days(self) -> tuple[date, date] | None:
        return self._published.data_days()

    def restated_days(self, counters: Sequence[str], first: date, last: date) -> Sequence[RestatedDay]:
        return self._published.restated_days(counters, first, last)

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
        began = time.monotonic()
        found = self._completeness.read(self._clock())
        with self._keeping:
            # Of two calls side by side the one that began first may end last.
            if self._recent is None or self._recent[0] < began:
                self._recent = (began, found)
        return found

    def reader_lags(self) -> list[ReaderLag]:
        """How far every reader of the log lies behind, for operators."""
        try:
            standing, now_ms = self._completeness.standing(), self._clock()
            return [lag for topic, log in self._logs.items() for lag in reader_lags(standing, log, topic, now_ms)]
        except LogUnavailable as error:
            raise ReadingUnavailable(f"the log cannot be read: {error}") from error

    def recent_completeness(self) -> Completeness:
        recent = self._recent
        if recent is not None and time.monotonic() - recent[0] <= RECENT_SECONDS:
            return recent[1]
        return self.completeness()

    def quality(self) -> Quality:
        return self._quality.read(self.completeness())

    def alert_log(self, limit: int) -> Sequence[Mapping[str, Any]]:
        rows = self._warehouse.records(_ALERT_LOG, {"limit": limit})
        return [alert_row(row) for row in rows]

    def write_alert_log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows need `at_ms` and `kind`; fields without a column are kept as JSON. The same row twice is one row."""
        if rows:
            lines = _ENCODER.encode_lines([_alert_line(row) for row in rows])
            self._warehouse.insert_lines("alert_log_rows", (*_ALERT_COLUMNS, "details"), lines, {})


def _padded(values: Sequence[T], length: int, filler: T) -> list[T]:
    return [*values, *[filler] * (length - len(values))][:length]


def _alert_line(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if name in _ALERT_COLUMNS}
    others = {name: value for name, value in row.items() if name not in _ALERT_COLUMNS}
    return known | {"details": _ENCODER.encode(others).decode()}


def alert_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it was written: columns that were left out come back as empty or None."""
    others: dict[str, Any] = msgspec.json.decode(row["details"])
    return {name: value for name, value in row.items() if name != "details"} | others
