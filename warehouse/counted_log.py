"""Binds a warehouse to the one log whose events are counted in it, for good.

Does not look at the log. Every position and every person's partition in the warehouse is about that log.
"""

from typing import NamedTuple

import msgspec

from warehouse.client import DATABASE, Warehouse

_BOUND = f"SELECT prefix, partitions FROM {DATABASE}.counted_log ORDER BY bound_at LIMIT 1"


class CountedLog(NamedTuple):
    """Topics by their prefix, and how many partitions they have."""

    prefix: str
    partitions: int


class OtherLog(Exception):
    """The warehouse counts another log; a sentence that says what to do."""


def counted_log(warehouse: Warehouse) -> CountedLog | None:
    """The log that is counted; None before the first migration for one. May raise `WarehouseUnavailable`."""
    found = warehouse.rows(_BOUND)
    return CountedLog(*found[0]) if found else None


def check_log(bound: CountedLog, log: CountedLog) -> None:
    """Raises OtherLog."""
    if bound != log:
        raise OtherLog(
            f"the warehouse counts the topics {bound.prefix}* with {bound.partitions} partitions, not {log.prefix}* "
            f"with {log.partitions}: set NORTHSTREAM_KAFKA_PREFIX={bound.prefix} and NORTHSTREAM_PARTITIONS="
            f"{bound.partitions}, or take another, empty warehouse for another log"
        )


def bind_log(warehouse: Warehouse, log: CountedLog) -> None:
    """Bind the warehouse to the log, if it is bound to none. May raise OtherLog, `WarehouseUnavailable`."""
    bound = counted_log(warehouse)
    if bound is None:
        warehouse.insert_lines("counted_log", log._fields, msgspec.json.encode(log._asdict()), {})
    check_log(bound or log, log)
