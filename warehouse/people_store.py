"""Claims, headers, heads, people and counters in the warehouse: what a stream worker survives by.

Does not decide when rows are written or removed, except that removal waits until it is worth its cost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from schemas.checkpoints import (
    REPAIR_PARTITION,
    CounterRow,
    FunnelRow,
    Head,
    Header,
    IdentityWarning,
    Lineage,
    OverrideRow,
    Owner,
    PersonRow,
    Positions,
    RestatementRow,
    Segment,
    Tag,
)
from warehouse.client import DATABASE, Warehouse
from warehouse.removal import Removal

_ENCODER = msgspec.json.Encoder()
_ROWS_PER_INSERT = 100_000
_CLAIM_COLUMNS = ("partition", "epoch", "nonce")

_CLAIMS = f"""
SELECT partition, max((epoch, nonce)) FROM {DATABASE}.claims
WHERE partition IN {{partitions:Array(UInt32)}} GROUP BY partition
"""

_HEADERS = f"""
SELECT partition, epoch, nonce, version, events_position, handoffs_position,
       counter_state, watermark_ms, definitions, lineage
FROM {DATABASE}.checkpoint_headers WHERE partition IN {{partitions:Array(UInt32)}}
ORDER BY partition, epoch DESC, nonce DESC, version DESC LIMIT 1 BY partition
"""

_HEADS = f"""
SELECT partition, epoch, nonce, version, events_position, handoffs_position, watched_ms
FROM {DATABASE}.counter_heads WHERE partition IN {{partitions:Array(UInt32)}}
ORDER BY partition, epoch DESC, nonce DESC, version DESC LIMIT 1 BY partition
"""

# Rows are stored in this order, so that grouping needs no memory for a million people.
_PEOPLE = f"""
SELECT person_id, argMax(snapshot, (epoch, nonce, version)) AS snapshot
FROM {DATABASE}.people
WHERE partition = {{partition:UInt32}}
  AND version <= transform((epoch, nonce), {{owners:Array(Tuple(UInt64, UInt64))}}, {{versions:Array(UInt64)}}, 0)
GROUP BY person_id
SETTINGS optimize_aggregation_in_order = 1
"""


# Repairs keep their own lineage. A row is known by its tag, metric, bucket and cause: the same one again counts once.
_CARRY = f"""
INSERT INTO {DATABASE}.restatement_rows
    (partition, metric, bucket, cause, reason, delta, at_ms, epoch, nonce, version)
SELECT {{partition:UInt32}}, metric, bucket, cause, any(reason), sum(delta) AS change, max(at_ms),
    {{epoch:UInt64}}, {{nonce:UInt64}}, {{version:UInt64}}
FROM (
    SELECT DISTINCT rows.* FROM {DATABASE}.restatement_rows AS rows
    INNER JOIN {DATABASE}.lineage_segments AS segments
        ON segments.partition = rows.partition AND segments.epoch = rows.epoch AND segments.nonce = rows.nonce
    WHERE rows.version <= segments.up_to AND rows.partition != {REPAIR_PARTITION}
)
GROUP BY metric, bucket, cause
HAVING change != 0
"""


class PeopleStore:
    """Implements `schemas.checkpoints.CheckpointStore`. Safe to use from several threads.

    A row is the JSON of its struct as it stands: the tables turn tags, times and bytes into columns.
    """

    def __init__(self, warehouse: Warehouse, removal: Removal | None = None) -> None:
        self._warehouse = warehouse
        self._removal = removal or Removal(warehouse)

    def highest_claims(self, partitions: Iterable[int]) -> Mapping[int, Owner]:
        rows = self._warehouse.rows(_CLAIMS, {"partitions": list(partitions)})
        return {partition: Owner(*owner) for partition, owner in rows}

    def write_claims(self, claims: Mapping[int, Owner]) -> None:
        lines = [
            {"partition": partition, "epoch": owner.epoch, "nonce": owner.nonce} for partition, owner in claims.items()
        ]
        self._insert("claims", _CLAIM_COLUMNS, lines)

    def latest_headers(self, partitions: Iterable[int]) -> Mapping[int, Header]:
        rows = self._warehouse.rows(_HEADERS, {"partitions": list(partitions)}, {"counter_state": "bytes"})
        return {row[0]: _header(*row) for row in rows}

    def latest_heads(self, partitions: Iterable[int]) -> Mapping[int, Head]:
        rows = self._warehouse.rows(_HEADS, {"partitions": list(partitions)})
        return {row[0]: Head(row[0], Tag(*row[1:4]), Positions(*row[4:6]), row[6]) for row in rows}

    def load_people(self, partition: int, lineage: Lineage) -> Iterator[tuple[str, bytes]]:
        """(person id, state), in blocks behind the iterator; takes up a connection until it is exhausted or closed."""
        if not lineage:
            return
        parameters = {
            "partition": partition,
            "owners": [(segment.epoch, segment.nonce) for segment in lineage],
            "versions": [segment.version for segment in lineage],
        }
        for ids, states in self._warehouse.column_blocks(_PEOPLE, parameters, {"snapshot": "bytes"}):
            yield from zip(ids, states, strict=True)

    def write_people(self, rows: Sequence[PersonRow]) -> None:
        self._insert("people", PersonRow.__struct_fields__, rows)
        self._removal.count_written(row.partition for row in rows)

    def write_funnels(self, rows: Sequence[FunnelRow]) -> None:
        self._insert("funnel_entries", FunnelRow.__struct_fields__, rows)
        self._removal.count_written(row.partition for row in rows)

    def write_overrides(self, rows: Sequence[OverrideRow]) -> None:
        self._insert("overrides", OverrideRow.__struct_fields__, rows)

    def write_restatements(self, rows: Sequence[RestatementRow]) -> None:
        self._insert("restatement_rows", RestatementRow.__struct_fields__, rows)

    def carry_restatements(self, partition: int, tag: Tag) -> None:
        self._warehouse.command(_CARRY, {"partition": partition} | tag._asdict())

    def write_warnings(self, rows: Sequence[IdentityWarning]) -> None:
        self._insert("identity_warnings", IdentityWarning.__struct_fields__, rows)

    def write_headers(self, rows: Sequence[Header]) -> None:
        self._insert("checkpoint_headers", Header.__struct_fields__, rows)

    def write_counters(self, rows: Sequence[CounterRow]) -> None:
        self._insert("counters", CounterRow.__struct_fields__, rows)

    def write_heads(self, rows: Sequence[Head]) -> None:
        self._insert("counter_heads", Head.__struct_fields__, rows)

    def remove_superseded(self, headers: Sequence[Header]) -> None:
        """Remove what two checkpoints in a row no longer need, once there is much of it."""
        self._removal.after_checkpoint(headers)

    def _insert(self, table: str, columns: Iterable[str], rows: Sequence[Any]) -> None:
        for first in range(0, len(rows), _ROWS_PER_INSERT):
            lines = _ENCODER.encode_lines(rows[first : first + _ROWS_PER_INSERT])
            self._warehouse.insert_lines(table, list(columns), lines, {})


def _header(
    partition: int,
    epoch: int,
    nonce: int,
    version: int,
    events: int,
    handoffs: int,
    counters: bytes,
    watermark_ms: int,
    definitions: str,
    lineage: Sequence[tuple[int, int, int]],
) -> Header:
    return Header(
        partition,
        Tag(epoch, nonce, version),
        Positions(events, handoffs),
        counters,
        watermark_ms,
        definitions,
        tuple(Segment(*segment) for segment in lineage),
    )
