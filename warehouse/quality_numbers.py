"""Numbers about what came in, by the time of receipt: the last message, the last minutes, and whole days.

Does not judge them. Reads recent parts of the tables alone, as the index of receipt tells them, but for the first look
at older days. Self-watch events are in none of the tables.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from schemas.calendar import Calendar, day_number
from warehouse.client import DATABASE, Warehouse

_SINCE = "received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
_DAY = "toDate(received_at, {timezone:String})"
_LATE = "occurred_at < received_at - toIntervalDay({horizon:UInt32})"

_LATEST = f"""
SELECT max(at) FROM (
    SELECT toUnixTimestamp64Milli(maxOrNull(received_at)) AS at FROM {DATABASE}.events WHERE {_SINCE}
    UNION ALL
    SELECT toUnixTimestamp64Milli(maxOrNull(received_at)) AS at FROM {DATABASE}.quarantine_rows WHERE {_SINCE}
)
SETTINGS max_threads = 1
"""

_LATEST_QUARANTINED = f"""
SELECT toUnixTimestamp64Milli(maxOrNull(received_at)) FROM {DATABASE}.quarantine_rows WHERE {_SINCE}
SETTINGS max_threads = 1
"""

_COUNTS = f"""
SELECT
    (SELECT count() FROM {DATABASE}.events WHERE {_SINCE}),
    (SELECT count() FROM {DATABASE}.quarantine_rows WHERE {_SINCE})
SETTINGS max_threads = 1
"""

# Of days that still fill: the index leaves older parts unread, and copies are told apart by the hash of their id.
_RUNNING = f"""
SELECT {_DAY} AS day, uniqExact(message_id), uniqExactIf(message_id, violations != '[]'),
    uniqExactIf(message_id, {_LATE})
FROM {DATABASE}.events WHERE {_SINCE} GROUP BY day
SETTINGS max_threads = 1
"""

# Of long stretches: the engine unites copies on its way, and holds no ids in memory.
_PAST = f"""
SELECT {_DAY} AS day, count(), countIf(violations != '[]'), countIf({_LATE})
FROM {DATABASE}.events FINAL WHERE {_SINCE} GROUP BY day
SETTINGS max_threads = 1
"""

_QUARANTINED = f"""
SELECT {_DAY} AS day, uniqExact(collector, seq, message_id)
FROM {DATABASE}.quarantine_rows WHERE {_SINCE} GROUP BY day
SETTINGS max_threads = 1
"""

_ROWS = f"""
SELECT {_DAY} AS day, count() FROM {DATABASE}.{{table}} WHERE {_SINCE} GROUP BY day
SETTINGS max_threads = 1
"""

FEW_DAYS = 2


class DayIntake(NamedTuple):
    """What was received on a day. `stored`, of them `flagged` with violations, and `late`: received longer after it
    happened than the workspace's horizon. `quarantined` besides."""

    stored: int = 0
    flagged: int = 0
    late: int = 0
    quarantined: int = 0

    @property
    def received(self) -> int:
        return self.stored + self.quarantined


class QualityNumbers:
    """Every method may raise `WarehouseUnavailable`. For one thread."""

    def __init__(self, warehouse: Warehouse, timezone: str, horizon_days: int) -> None:
        self._warehouse = warehouse
        self._timezone = timezone
        self._calendar = Calendar(timezone)
        self._horizon_days = horizon_days
        self._over: dict[date, DayIntake] = {}

    def latest_received_ms(self, since_ms: int) -> int | None:
        """When the last message was received, stored or quarantined; None: none since `since_ms`."""
        found: int | None = self._warehouse.rows(_LATEST, {"since": since_ms})[0][0]
        return found

    def latest_quarantined_ms(self, since_ms: int) -> int | None:
        """The same of quarantined messages alone."""
        found: int | None = self._warehouse.rows(_LATEST_QUARANTINED, {"since": since_ms})[0][0]
        return found

    def intake_since(self, since_ms: int) -> tuple[int, int]:
        """Rows received since then: stored and quarantined. Copies count until the engine has united them."""
        stored, quarantined = self._warehouse.rows(_COUNTS, {"since": since_ms})[0]
        return stored, quarantined

    def rows_by_day(self, first: date) -> Mapping[date, int]:
        """Rows received on each day from `first` on, stored or quarantined; copies count until they are united."""
        parameters = {"since": self._calendar.start_of(day_number(first)), "timezone": self._timezone}
        found: Counter[date] = Counter()
        for table in ("events", "quarantine_rows"):
            found.update(dict(self._warehouse.rows(_ROWS.replace("{table}", table), parameters)))
        return found

    def days(self, first: date, last: date, over_before: date) -> Mapping[date, DayIntake]:
        """Every day of the range. Those before `over_before` do not change any more: each is read once."""
        days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
        missing = [day for day in days if day not in self._over]
        if not missing:
            return {day: self._over[day] for day in days}
        found = self._read(missing[0], (missing[-1] - missing[0]).days < FEW_DAYS)
        read = {day: found.get(day, DayIntake()) for day in missing}
        self._over |= {day: intake for day, intake in read.items() if day < over_before}
        return {day: read[day] if day in read else self._over[day] for day in days}

    def _read(self, first: date, are_few: bool) -> dict[date, DayIntake]:
        parameters = {"since": self._calendar.start_of(day_number(first)), "timezone": self._timezone}
        stored = self._warehouse.rows(_RUNNING if are_few else _PAST, parameters | {"horizon": self._horizon_days})
        quarantined = dict(self._warehouse.rows(_QUARANTINED, parameters))
        found = {day: DayIntake(count, flagged, late, quarantined.pop(day, 0)) for day, count, flagged, late in stored}
        return found | {day: DayIntake(quarantined=count) for day, count in quarantined.items()}
