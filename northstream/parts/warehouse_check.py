"""Whether the warehouse answers, as a check of readiness.

Does not open it.
"""

from collections.abc import Callable, Mapping

from schemas.reading import ReadingUnavailable
from warehouse.client import Warehouse


def warehouse_check(warehouse: Warehouse) -> Callable[[], Mapping[str, bool]]:
    """A readiness check, which may block."""

    def check() -> Mapping[str, bool]:
        try:
            warehouse.rows("SELECT 1")
        except ReadingUnavailable:
            return {"warehouse": False}
        return {"warehouse": True}

    return check
