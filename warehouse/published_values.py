"""Values of the metric catalogue as they were published last, one at a time.

Does not compute or publish them: see the package `metrics`. Those that the stream counts are not here.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from warehouse.client import DATABASE, Warehouse

_VALUE = f"""
SELECT argMax(tuple(value), computed_at).1 FROM {DATABASE}.metric_point_rows
WHERE metric = {{metric:String}} AND grain = {{grain:String}} AND bucket = {{bucket:Date}}
    AND version = (SELECT version FROM {DATABASE}.current_metric_versions WHERE metric = {{metric:String}})
SETTINGS max_threads = 1
"""


class PublishedValues:
    """May raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def value(self, metric: str, grain: Literal["day", "week", "month"], bucket: date) -> Decimal | None:
        """By the definition that counts now; None where nothing was published, or a rate is over nothing.

        `bucket` is the first day of the week (Monday) or month.
        """
        rows = self._warehouse.rows(_VALUE, {"metric": metric, "grain": grain, "bucket": bucket})
        value: Decimal | None = rows[0][0] if rows else None
        return value
