"""The published day counters, and what was restated of them.

Does not read them again before the stream has written more: most reads find everything as it was.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from schemas.calendar import day_date, day_number
from schemas.reading import RestatedDay
from warehouse.client import DATABASE, Warehouse
from warehouse.kept import KeptWhile

# A mark is the newest row of each owner; one thread, since waking others costs more than so few rows.
_MARK = """
SELECT partition, max((epoch, nonce, version)) FROM {table}
GROUP BY partition ORDER BY partition SETTINGS max_threads = 1
"""
_HEADS = _MARK.format(table=f"{DATABASE}.counter_heads")
_HEADERS = _MARK.format(table=f"{DATABASE}.checkpoint_headers")

_DAILY = f"""
SELECT metric, bucket, value FROM {DATABASE}.counter_totals
WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
  AND bucket <= toInt32(toUInt16((SELECT day FROM {DATABASE}.today)))
SETTINGS max_threads = 1
"""

_DATA_DAYS = f"SELECT min(day), max(day), count() FROM {DATABASE}.days SETTINGS max_threads = 1"

# One row per number, however many causes it has: history that is imported out of order makes thousands.
_MOVED = f"""
SELECT metric, bucket, sum(delta), count(), argMax((reason, cause), (at_ms, cause)) AS latest, max(at_ms) AS latest_ms
FROM {DATABASE}.restatement_deltas
WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
GROUP BY metric, bucket
ORDER BY latest_ms DESC, metric, bucket DESC
SETTINGS max_threads = 1
"""

# Far cheaper than the rows themselves, whose view knows the rules of lineages.
_WRITTEN = f"""
SELECT partition, epoch, nonce, count(), max(version) FROM {DATABASE}.restatement_rows
WHERE metric IN {{metrics:Array(String)}} AND bucket BETWEEN {{first:Int32}} AND {{last:Int32}}
GROUP BY partition, epoch, nonce ORDER BY partition, epoch, nonce
SETTINGS max_threads = 1
"""

_QUARTER_MS = 900_000
"""Days begin at full quarters of an hour in every time zone; the days that are shown change only then."""

Daily = Mapping[str, Mapping[date, int]]


class _Moved(NamedTuple):
    metric: str
    bucket: int
    delta: int
    causes: int
    latest: tuple[str, str]
    at_ms: int


class PublishedCounters:
    """Safe to use from several threads. Every method may raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse, clock: Callable[[], int]) -> None:
        """`clock` gives Unix ms."""
        self._warehouse = warehouse
        self._clock = clock
        self._daily = KeptWhile[Daily]()
        self._data_days = KeptWhile[tuple[date, date] | None]()
        self._moved = KeptWhile[Sequence[_Moved]]()

    def daily(self, counters: Sequence[str], first: date, last: date) -> Daily:
        """By counter and day up to today; counters are written before the head that stands for them."""
        question = (*counters, first, last)
        return self._daily.get(self._mark_of_heads(), question, lambda: self._read_daily(counters, first, last))

    def data_days(self) -> tuple[date, date] | None:
        """First day with data and today; None while there is nothing."""
        return self._data_days.get(self._mark_of_heads(), (), self._read_data_days)

    def restated_days(self, counters: Sequence[str], first: date, last: date) -> Sequence[RestatedDay]:
        """The latest change first; restatements are written before the header that makes them count."""
        mark = self._mark_of_moves(counters, first, last)
        moved = self._moved.get(mark, (*counters, first, last), lambda: self._read_moved(counters, first, last))
        if not moved:
            return []
        values = self.daily(counters, first, last)
        return [_restated(row, values[row.metric].get(day_date(row.bucket), 0)) for row in moved]

    def _mark_of_heads(self) -> Hashable:
        quarter = self._clock() // _QUARTER_MS
        return (quarter, *self._warehouse.rows(_HEADS))

    def _mark_of_moves(self, counters: Sequence[str], first: date, last: date) -> Hashable:
        """Who owns, what is written, and how much of it is behind a header.

        A header behind which there is nothing new in this range changes nothing, and there is one every few seconds.
        """
        newest = dict(self._warehouse.rows(_HEADERS))
        owners = tuple((partition, epoch, nonce) for partition, (epoch, nonce, _) in newest.items())
        written = self._warehouse.rows(_WRITTEN, _range(counters, first, last))
        return owners, tuple(_behind(newest, *row) for row in written)

    def _read_data_days(self) -> tuple[date, date] | None:
        first, last, count = self._warehouse.rows(_DATA_DAYS)[0]
        return (first, last) if count else None

    def _read_daily(self, counters: Sequence[str], first: date, last: date) -> Daily:
        values: dict[str, dict[date, int]] = {counter: {} for counter in counters}
        for metric, bucket, value in self._warehouse.rows(_DAILY, _range(counters, first, last)):
            values[metric][day_date(bucket)] = value
        return values

    def _read_moved(self, counters: Sequence[str], first: date, last: date) -> Sequence[_Moved]:
        return [_Moved(*row) for row in self._warehouse.rows(_MOVED, _range(counters, first, last))]


def _range(counters: Sequence[str], first: date, last: date) -> dict[str, Any]:
    return {"metrics": list(counters), "first": day_number(first), "last": day_number(last)}


def _behind(
    newest: Mapping[int, tuple[int, int, int]], partition: int, epoch: int, nonce: int, count: int, version: int
) -> tuple[int, ...]:
    """What an owner has written; rows above its newest header wait for the next one."""
    *owner, up_to = newest.get(partition, (0, 0, 0))
    is_newest = owner == [epoch, nonce]
    return partition, epoch, nonce, count, min(version, up_to) if is_newest else version


def _restated(row: _Moved, value: int) -> RestatedDay:
    reason, cause = row.latest
    return RestatedDay(row.metric, day_date(row.bucket), value - row.delta, value, row.causes, reason, cause, row.at_ms)
