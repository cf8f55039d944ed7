"""Keeps the moment up to which everything is complete, so that it does not go back when the process starts again.

Does not find the moment: see `warehouse.completeness`.
"""

from contextlib import suppress

from warehouse.client import DATABASE, Warehouse, WarehouseUnavailable

_SPACING_MS = 500
"""Moments that are stored lie so far apart at least: each costs a write."""

# A moment ahead of the clock was said while the clock was wrong: messages are still received before it.
_STORED = f"SELECT max(through_ms) FROM {DATABASE}.completed_through WHERE through_ms <= {{now:UInt64}}"


class CompletedThrough:
    """The latest moment that is stored. For one thread at a time.

    Everything received before it was counted and loaded durably before it was stored, so it stays true.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._is_read = False
        self._stored_ms: int | None = None

    def keep(self, through_ms: int | None, now_ms: int) -> int | None:
        """The latest stored moment: `through_ms`, or one that lies shortly before it.

        While nothing can be written it stands still. May raise `WarehouseUnavailable` as long as it is not read.
        """
        if not self._is_read:
            self._stored_ms = self._warehouse.rows(_STORED, {"now": now_ms})[0][0] or None
            self._is_read = True
        if through_ms is not None and through_ms >= (self._stored_ms or 0) + _SPACING_MS:
            self._store(through_ms)
        return self._stored_ms

    def _store(self, through_ms: int) -> None:
        with suppress(WarehouseUnavailable):
            self._warehouse.insert_lines("completed_through", ("through_ms",), b'{"through_ms":%d}\n' % through_ms, {})
            self._stored_ms = through_ms
