"""A lease whose warehouse does not answer: everybody is told at once, and it is asked no more often than ever.

Does not use a real warehouse: who holds a lease, see tests/integration/metrics/test_who_publishes.py.
"""

from typing import Any, cast

import pytest

from warehouse.client import Warehouse, WarehouseUnavailable
from warehouse.lease import ALERTING, Lease


class Away:
    def __init__(self) -> None:
        self.asked = 0

    def rows(self, sql: str, parameters: Any = None) -> Any:
        self.asked += 1
        raise WarehouseUnavailable("no answer within 30 s")


def test_a_warehouse_that_hangs_is_asked_once_a_look_and_not_once_a_question() -> None:
    """Whose turn it is is asked before each of hundreds of rules: each would wait for as long as the warehouse may."""
    away, now = Away(), [0.0]
    lease = Lease(cast(Warehouse, away), "alerters", "me", ALERTING, lambda: now[0])
    for _ in range(200):
        with pytest.raises(WarehouseUnavailable, match="no answer within 30 s"):
            lease()
    assert away.asked == 1
    now[0] += ALERTING.look
    with pytest.raises(WarehouseUnavailable):
        lease()
    assert away.asked == 2
