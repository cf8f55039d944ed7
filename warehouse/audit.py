"""Compares every published number with its recount from `events`, and repairs what differs.

Does not touch any worker's rows: a repair is the share of a pseudo-partition that no worker owns.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.calendar import day_date
from schemas.checkpoints import (
    REPAIR_PARTITION,
    CounterRow,
    Head,
    Header,
    Owner,
    Positions,
    RestatementRow,
    Segment,
    Tag,
)
from schemas.definitions import StreamDefinitions
from warehouse.client import DATABASE, Warehouse
from warehouse.people_store import PeopleStore
from warehouse.recount import counter_queries, parameters

_PUBLISHED = f"SELECT metric, bucket, toInt64(value) FROM {DATABASE}.counter_totals WHERE metric != 'late'"
_REPAIRED = f"""
SELECT metric, bucket, argMax(value, (epoch, nonce, version)) FROM {DATABASE}.counters
WHERE partition = {REPAIR_PARTITION} AND (epoch, nonce) = (
    SELECT max((epoch, nonce)) FROM {DATABASE}.counter_heads WHERE partition = {REPAIR_PARTITION}
) GROUP BY metric, bucket
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A published number that is not what the events say. `bucket` is a day number."""

    metric: str
    bucket: int
    published: int
    recounted: int

    def __str__(self) -> str:
        return f"{self.metric} {day_date(self.bucket)}: published {self.published}, events say {self.recounted}"


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found, by metric and day; `compared` is how many numbers it held against each other."""

    compared: int
    differences: Sequence[Difference]


def audit(warehouse: Warehouse, definitions: StreamDefinitions) -> Audit:
    """Hold every number against its recount; call it while nothing is on its way (`lag_events` = 0)."""
    published = {(metric, bucket): value for metric, bucket, value in warehouse.rows(_PUBLISHED)}
    recounted: dict[tuple[str, int], int] = {}
    bound = parameters(definitions)
    for query in counter_queries(definitions):
        recounted.update({(metric, bucket): value for metric, bucket, value in warehouse.rows(query, bound)})
    keys = sorted(published.keys() | recounted.keys())
    pairs = [
        Difference(metric, bucket, published.get((metric, bucket), 0), recounted.get((metric, bucket), 0))
        for metric, bucket in keys
    ]
    return Audit(len(pairs), [pair for pair in pairs if pair.published != pair.recounted])


def repair(warehouse: Warehouse, differences: Sequence[Difference], now_ms: int, today: int) -> None:
    """Publish what is missing as the pseudo-partition's share, with a restatement for each number.

    Workers go on publishing their own shares beside it; a later repair adds to this one. Days from `today` (a day
    number) on are not over, so that their change is no restatement.
    """
    if not differences:
        return
    store = PeopleStore(warehouse)
    before = store.highest_claims([REPAIR_PARTITION]).get(REPAIR_PARTITION, Owner(0, 0))
    tag = Tag(before.epoch + 1, secrets.randbits(63), 1)
    header = store.latest_headers([REPAIR_PARTITION]).get(REPAIR_PARTITION)
    inherited = header.lineage if header else ()
    shares = {(metric, bucket): value for metric, bucket, value in warehouse.rows(_REPAIRED)}
    for one in differences:
        key = (one.metric, one.bucket)
        shares[key] = shares.get(key, 0) + one.recounted - one.published
    lineage = (*inherited, Segment(*tag))
    store.write_claims({REPAIR_PARTITION: Owner(tag.epoch, tag.nonce)})
    restated = [_restatement(one, tag, now_ms) for one in differences if one.bucket < today]
    if restated:
        store.write_restatements(restated)
    store.write_headers([Header(REPAIR_PARTITION, tag, Positions(0, 0), b"", 0, "", lineage)])
    store.write_counters([CounterRow(REPAIR_PARTITION, tag, *key, value) for key, value in sorted(shares.items())])
    store.write_heads([Head(REPAIR_PARTITION, tag, Positions(0, 0))])


def _restatement(one: Difference, tag: Tag, now_ms: int) -> RestatementRow:
    delta = one.recounted - one.published
    cause = f"audit {tag.epoch}"
    return RestatementRow(REPAIR_PARTITION, tag, one.metric, one.bucket, cause, "late event", delta, now_ms)
