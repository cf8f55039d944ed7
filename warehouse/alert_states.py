"""Where every alert rule stands, handed from the alerter's process to the boards' through the warehouse.

Does not judge rules: see `alerting`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from warehouse.client import DATABASE, Warehouse

_LATEST = f"SELECT argMax(states, at_ms) FROM {DATABASE}.alert_states"
_ENCODER = msgspec.json.Encoder()


class AlertStates:
    """One row says it all; the latest counts. Every method may raise `WarehouseUnavailable`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def write(self, states: Mapping[str, Any], at_ms: int) -> None:
        """What the alerter shows of a moment (Unix ms)."""
        row = {"at_ms": at_ms, "states": _ENCODER.encode(states).decode()}
        self._warehouse.insert_lines("alert_states", list(row), _ENCODER.encode(row), {})

    def read(self) -> dict[str, Any] | list[dict[str, Any]]:
        """As last written, by the first release the rules alone; empty before the first time."""
        found = self._warehouse.rows(_LATEST)[0][0]
        states: dict[str, Any] | list[dict[str, Any]] = msgspec.json.decode(found) if found else {}
        return states
