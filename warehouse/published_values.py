"""Values of the metric catalogue as they were published last, a range of buckets at a time.

Does not compute or publish them: see the package `metrics`. Those that the stream counts are not here.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from warehouse.client import DATABASE, Warehouse

# The new definition speaks of all days, those before it came too: what is compared is of one definition.
_VALUES = f"""
SELECT bucket, newest.1, newest.2, newest.3, newest.4 FROM (
    SELECT bucket, argMax(tuple(denominator, value, is_maturing, was_over), computed_at) AS newest
    FROM {DATABASE}.metric_point_rows
    WHERE metric = {{metric:String}} AND grain = {{grain:String}}
        AND bucket BETWEEN {{first:Date}} AND {{last:Date}}
        AND version = (SELECT version FROM {DATABASE}.current_metric_versions WHERE metric = {{metric:String}})
    GROUP BY bucket
)
SETTINGS max_threads = 1
"""


class PublishedValue(NamedTuple):
    """`value` is None over nothing. `was_over`: published after its bucket was over and complete, and at rest."""

    denominator: Decimal | None
    value: Decimal | None
    is_maturing: bool
    was_over: bool


class PublishedValues:
    """May raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def values(
        self, metric: str, grain: Literal["day", "week", "month"], first: date, last: date
    ) -> Mapping[date, PublishedValue]:
        """By the first day of each bucket that begins in the range, as the definition that counts now has it.

        What was not published is absent.
        """
        parameters = {"metric": metric, "grain": grain, "first": first, "last": last}
        return {bucket: PublishedValue(*rest) for bucket, *rest in self._warehouse.rows(_VALUES, parameters)}
