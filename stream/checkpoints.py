"""Makes a worker's state durable: counters then head; rows then header. The header is the commit.

Does not decide when, nor who owns what: see `worker`. The order of the writes is the protocol: a header or a head
never speaks for rows that may not exist.
"""

from collections.abc import Sequence

from schemas.checkpoints import (
    REPAIR_PARTITION,
    CheckpointStore,
    CounterRow,
    FunnelRow,
    Head,
    Header,
    Owner,
    PersonRow,
    Positions,
    RestatementRow,
    Tag,
)
from stream.core.definitions import Compiled
from stream.core.people import Moved
from stream.core.person import Person
from stream.owned import OwnedPartition, PendingCheckpoint, PendingPublication


def plan_publication(owned: OwnedPartition) -> PendingPublication:
    """The counter values that differ from what this owner published last (at first: all of them)."""
    tag = owned.next_tag()
    changes = owned.state.counters.changes()
    rows = [CounterRow(owned.number, tag, metric, day, value) for metric, day, value in changes]
    return PendingPublication(tag, owned.positions, rows, owned.watched_ms)


def plan_checkpoint(owned: OwnedPartition) -> PendingCheckpoint:
    """Everything that changed since the last snapshot, under the next version; people as they are at this moment."""
    tag, snapshot = owned.next_tag(), owned.state.take_snapshot()
    people = [_person_row(owned.number, tag, *entry) for entry in snapshot.people]
    return PendingCheckpoint(tag, owned.positions, snapshot, people)


def publish(store: CheckpointStore, pending: Sequence[tuple[OwnedPartition, PendingPublication]]) -> None:
    """Counter values of several partitions, then their heads, all in one write: readers see all of them or none."""
    rows = [row for _, publication in pending for row in publication.rows]
    if rows:
        store.write_counters(rows)
    heads = [
        Head(owned.number, publication.tag, publication.positions, publication.watched_ms)
        for owned, publication in pending
    ]
    if any(owned.voids_repairs for owned, _ in pending):
        heads += _empty_repairs(store)
    store.write_heads(heads)


def _empty_repairs(store: CheckpointStore) -> list[Head]:
    """A head without counters: rebuilt numbers hold what was repaired before."""
    last = store.latest_heads([REPAIR_PARTITION]).get(REPAIR_PARTITION)
    if last is None:
        return []
    owner = Owner(last.tag.epoch + 1, last.tag.nonce)
    store.write_claims({REPAIR_PARTITION: owner})
    return [Head(REPAIR_PARTITION, Tag(*owner, 1), Positions(0, 0))]


def store_checkpoints(
    store: CheckpointStore, definitions: Compiled, owned: Sequence[OwnedPartition], now_ms: int
) -> list[Header]:
    """The pending checkpoints of several partitions: people, funnels, overrides, restatements, warnings, headers."""
    pending = [(one, one.checkpoint) for one in owned if one.checkpoint is not None]
    people = [row for _, checkpoint in pending for row in checkpoint.people]
    funnels = [row for one, checkpoint in pending for row in _funnels(one.number, checkpoint, definitions)]
    overrides = [row for _, checkpoint in pending for row in checkpoint.snapshot.overrides]
    restatements = [row for one, checkpoint in pending for row in _restatements(one.number, checkpoint, now_ms)]
    warnings = [row for _, checkpoint in pending for row in checkpoint.snapshot.warnings]
    headers = [_header(one, checkpoint, definitions) for one, checkpoint in pending]
    if people:
        store.write_people(people)
    if funnels:
        store.write_funnels(funnels)
    if overrides:
        store.write_overrides(overrides)
    if restatements:
        store.write_restatements(restatements)
    if warnings:
        store.write_warnings(warnings)
    for one, checkpoint in pending:
        if one.carries_restatements:
            store.carry_restatements(one.number, checkpoint.tag)
    store.write_headers(headers)
    return headers


def _header(owned: OwnedPartition, checkpoint: PendingCheckpoint, definitions: Compiled) -> Header:
    return Header(
        owned.number,
        checkpoint.tag,
        checkpoint.positions,
        checkpoint.snapshot.summary,
        checkpoint.snapshot.watermark_ms,
        definitions.digest,
        owned.lineage_to(checkpoint.tag.version),
    )


def _person_row(number: int, tag: Tag, person_id: str, state: Person | Moved, data: bytes) -> PersonRow:
    if isinstance(state, Moved):
        return PersonRow(number, person_id, tag, data, str(state), None, None, 0, None, None, (), ())
    return PersonRow(
        number,
        person_id,
        tag,
        data,
        "",
        state.first_seen_ms,
        state.last_seen_ms,
        state.days.bit_count(),
        state.signed_up_ms,
        state.activated_ms,
        sorted(state.user_ids),
        sorted(state.devices),
    )


def _funnels(number: int, checkpoint: PendingCheckpoint, definitions: Compiled) -> list[FunnelRow]:
    return [
        FunnelRow(number, person_id, definitions.funnels[funnel].id, day, checkpoint.tag, times)
        for (person_id, funnel, day), times in checkpoint.snapshot.funnels.items()
    ]


def _restatements(number: int, checkpoint: PendingCheckpoint, now_ms: int) -> list[RestatementRow]:
    return [
        RestatementRow(
            number, checkpoint.tag, change.metric, change.day, change.cause, change.reason, change.delta, now_ms
        )
        for change in checkpoint.snapshot.restatements
    ]
