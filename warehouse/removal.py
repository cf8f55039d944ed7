"""Removes people, funnel and counter rows that no reader needs any more.

Does not run by itself and does not read claims: the caller has just seen that its own is still the highest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from schemas.checkpoints import Header
from warehouse.client import DATABASE, Warehouse
from warehouse.tidying import OFF_LINEAGE, ON_LINEAGE_UP_TO, lineage_parameters, tidy

WORTH_REMOVING = 200_000
"""Rows written into a partition since its last removal that make another one worth the rewriting of parts; where
there are more people, as many rows as there are people, so that removing never takes more time than writing."""

_COUNT = f"SELECT count(), uniq(person_id) FROM {DATABASE}.people WHERE partition = {{partition:UInt32}}"


def _superseded(table: str, key: str) -> str:
    """Deletes rows off the lineage, and those that have a newer one of their key on it, up to a header.

    Rows of the header's own owner that are newer than the header stay: they belong to the checkpoint under way.
    """
    return f"""
DELETE FROM {DATABASE}.{table} WHERE partition = {{partition:UInt32}} AND (
    ({OFF_LINEAGE})
    OR (version <= {ON_LINEAGE_UP_TO} AND ({key}, epoch, nonce, version) NOT IN (
        SELECT {key}, newest.1, newest.2, newest.3 FROM (
            SELECT {key}, max((epoch, nonce, version)) AS newest FROM {DATABASE}.{table}
            WHERE partition = {{partition:UInt32}} AND version <= {ON_LINEAGE_UP_TO} GROUP BY {key}
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
        self._tidied: dict[int, tuple[int, ...]] = {}
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
            if base is None:
                continue
            if self._tidied.get(header.partition) != base.tag[:2]:
                # Starts leave little behind: to look once in each is enough.
                tidy(self._warehouse, base)
                self._tidied[header.partition] = base.tag[:2]
            if self._is_worth_it(header.partition):
                self._remove(base)
                self._take_stock(header.partition)

    def _take_stock(self, partition: int) -> None:
        """Learn how many rows there are to spare, as earlier processes may have left some."""
        rows, people = self._warehouse.rows(_COUNT, {"partition": partition})[0]
        with self._lock:
            self._written[partition] = rows - people
            self._limits[partition] = max(self._worth_removing, people)

    def _base_of(self, header: Header) -> Header | None:
        """The header two checkpoints ago of the same owner."""
        with self._lock:
            seen = self._seen.setdefault(header.partition, [])
            if seen and seen[-1].tag[:2] != header.tag[:2]:
                seen.clear()
            seen.append(header)
            del seen[:-3]
            return seen[0] if len(seen) == 3 else None

    def _is_worth_it(self, partition: int) -> bool:
        with self._lock:
            return self._written[partition] >= self._limits[partition]

    def _remove(self, header: Header) -> None:
        parameters = lineage_parameters(header)
        for statement in (_REMOVE_PEOPLE, _REMOVE_FUNNELS, _REMOVE_COUNTERS):
            self._warehouse.command(statement, parameters)
