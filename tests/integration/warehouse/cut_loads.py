"""A loader that dies at a chosen step, and what then lies in the warehouse, for tests of loading from any log."""

from collections.abc import Sequence

from schemas.log import LogReader
from warehouse.batches import Batch
from warehouse.client import DATABASE, Warehouse
from warehouse.ledger import Ledger, LoadRange, Place, Totals
from warehouse.loader import MAX_BYTES, Loader


class Killed(Exception):
    """The process ends here."""


class CutLoader(Loader):
    """A loader that dies before or after one of its steps."""

    def __init__(self, log: LogReader, warehouse: Warehouse, moment: str, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(log, warehouse, max_bytes=max_bytes)
        self._moment = moment

    def _at(self, moment: str) -> None:
        if moment == self._moment:
            raise Killed(moment)

    def _plan(self, batch: Batch) -> None:
        self._at("before plan")
        super()._plan(batch)
        self._at("after plan")

    def _insert_table(self, table: str, lines: bytes, token: str, batch: Batch, aside: dict[Place, int]) -> None:
        self._at(f"before {table}")
        super()._insert_table(table, lines, token, batch, aside)
        self._at(f"after {table}")

    def _finish(self, ranges: Sequence[LoadRange]) -> None:
        self._at("before done")
        super()._finish(list(ranges))
        self._at("after done")


MOMENTS = (
    "before plan",
    "after plan",
    "before events",
    "after events",
    "before identity_links",
    "after identity_links",
    "before quarantine_rows",
    "after quarantine_rows",
    "before done",
    "after done",
)


def physical(warehouse: Warehouse, table: str) -> int:
    """Rows as they lie on the disk, before the engine unites any."""
    return int(warehouse.rows(f"SELECT count() FROM {DATABASE}.{table}")[0][0])


def totals(warehouse: Warehouse) -> Totals:
    found = Totals()
    for part in Ledger(warehouse).read().done.values():
        found = found.plus(part.totals)
    return found
