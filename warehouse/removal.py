"""Removes people, funnel and counter rows that no reader needs any more.

Does not run by itself and does not read claims: the caller has just seen that its own is still the highest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from schemas.checkpoints import Header
from warehouse.client import DATABASE, Warehouse

WORTH_REMOVING = 200_000
"""Rows written into a partition since its last removal that make another one worth the rewriting of parts; where
there are more people, as many rows as there are people, so that removing never takes more time than writing."""

_COUNT = f"SELECT count(), uniq(person_id) FROM {DATABASE}.people WHERE partition = {{partition:UInt32}}"

_PARAMETERS = "transform((epoch, nonce), {owners:Array(Tuple(UInt64, UInt64))}, {versions:Array(UInt64)}, 0)"
_OFF_LINEAGE = f"(epoch, nonce) < ({{epoch:UInt64}}, {{nonce:UInt64}}) AND version > {_PARAMETERS}"


def _superseded(table: str, key: str) -> str:
    """Deletes rows off the lineage, and those that have a newer one of their key on it, up to a header.

    Rows of the header's own owner that are newer than the header stay: they belong to the checkpoint under way.
    """
    return f"""
DELETE FROM {DATABASE}.{table} WHERE partition = {{partition:UInt32}} AND (
    ({_OFF_LINEAGE})
    OR (version <= {_PARAMETERS} AND ({key}, epoch, nonce, version) NOT IN (
        SELECT {key}, newest.1, newest.2, newest.3 FROM (
            SELECT {key}, max((epoch, nonce, version)) AS newest FROM {DATABASE}.{table}
            WHERE partition = {{partition:UInt32}} AND version <= {_PARAMETERS} GROUP BY {key}
        )
    ))
)
"""


_REMOVE_PEOPLE = _superseded("people", "person_id")
_REMOVE_FUNNELS = _superseded("funnel_entries", "funnel, person_id, day")

# Readers use the highest owner that has a head: those below one that published are read by nobody.
_REMOVE_COUNTERS = f"""
DELETE FROM {DATABASE}.counters WHERE partition = {{partition:UInt32}}
  AND (epoch, nonce) < ({{epoch:UInt64}}, {{nonce:UInt64}})
  AND (epoch, nonce) < (
    SELECT max((epoch, nonce)) FROM {DATABASE}.counter_heads WHERE partition = {{partition:UInt32}}
  )
"""


class Removal:
    """Counts what is written and removes, per partition, when enough has come together.

    A removal is based on the header of two checkpoints ago, so that a reader which has just read an older
    header still finds its rows.
    """

    def __init__(self, warehouse: Warehouse, worth_removing: int = WORTH_REMOVING) -> None:
        self._warehouse = warehouse
        self._worth_removing = worth_removing
        self._written: Counter[int] = Counter()
        self._limits: dict[int, int] = {}
        self._seen: dict[int, list[Header]] = {}
        self._lock = Lock()

    def count_written(self, partitions: Iterable[int]) -> None:
        with self._lock:
            self._written.update(partitions)

    def after_checkpoint(self, headers: Sequence[Header]) -> None:
        """Take note of durable headers and remove where it is worth it.

        Raises:
            WarehouseUnavailable: nothing is lost; a later call removes the rest.
        """
        for header in headers:
            if header.partition not in self._limits:
                self._take_stock(header.partition)
            base = self._base_of(header)
            if base is not None:
                self._remove(base)
                self._take_stock(header.partition)

    def _take_stock(self, partition: int) -> None:
        """Learn how many rows there are to spare, as earlier processes may have left some."""
        rows, people = self._warehouse.rows(_COUNT, {"partition": partition})[0]
        with self._lock:
            self._written[partition] = rows - people
            self._limits[partition] = max(self._worth_removing, people)

    def _base_of(self, header: Header) -> Header | None:
        """The header two checkpoints ago of the same owner, if there is enough to remove."""
        with self._lock:
            seen = self._seen.setdefault(header.partition, [])
            if seen and seen[-1].tag[:2] != header.tag[:2]:
                seen.clear()
            seen.append(header)
            del seen[:-3]
            if len(seen) < 3 or self._written[header.partition] < self._limits[header.partition]:
                return None
            return seen[0]

    def _remove(self, header: Header) -> None:
        owner = {"partition": header.partition, "epoch": header.tag.epoch, "nonce": header.tag.nonce}
        lineage = {
            "owners": [(segment.epoch, segment.nonce) for segment in header.lineage],
            "versions": [segment.version for segment in header.lineage],
        }
        self._warehouse.command(_REMOVE_PEOPLE, owner | lineage)
        self._warehouse.command(_REMOVE_FUNNELS, owner | lineage)
        self._warehouse.command(_REMOVE_COUNTERS, owner)
