"""Faust's consumer over the embedded log: one worker owns all partitions, and appends wake it.

Does not decide where reading starts: see `stream.log.own_offsets`.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from faust.transport.consumer import Consumer
from faust.types import TP, ConsumerMessage

from schemas.log import LogUnavailable
from schemas.topics import StoredRecord, Topic
from stream.log.messages import stored_headers
from stream.log.own_offsets import OwnOffsets

_LOG = logging.getLogger(__name__)

LOOK_ANYWAY_SECONDS = 0.25
"""How long a lost wake-up can go unnoticed."""

_SETTLE_SECONDS = 0.004
"""Least time between two reads: under a stream of small appends one read serves several."""

_RECORDS_PER_READ = 8
"""Of each partition: up to 2 MB at once, so that no partition waits long for another."""

_TIMESTAMP_IS_LOG_APPEND_TIME = 1

Batch = dict[TP, list[StoredRecord]]


class LogEndsEarlier(RuntimeError):
    """The log ends before a position that was reached; the process that writes it mends that when it starts."""


class LocalConsumer(OwnOffsets, Consumer):  # type: ignore[misc]
    """Reads what `app.local_topics` names. Positions are the next offset to fetch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._topics = self.app.local_topics
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}
        self._ends: dict[TP, int] = {}
        self._generation = 0
        self._last_read = 0.0

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take all partitions of the topics. The announcement comes later: it waits for this call to return."""
        wanted = {TP(topic, number) for topic in topics for number in range(self._topics.reader(topic).partitions)}
        if wanted != self._assigned:
            self.add_future(self._assign(wanted))

    async def _assign(self, wanted: set[TP]) -> None:
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(set(self._assigned))
        self._assigned = wanted
        self._generation += 1
        self.app.consumer_generation_id = self._generation
        await self.on_partitions_assigned(set(wanted), self._generation)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Batch:  # noqa: ASYNC109 - Faust's name
        """What lies at the positions of the active partitions; waits for the next append if that is nothing."""
        await asyncio.sleep(max(0.0, self._last_read + _SETTLE_SECONDS - time.monotonic()))
        try:
            batch = await self._read_active(active_partitions)
        except LogUnavailable as error:
            _LOG.warning("cannot read the log now: %s", error)
            batch = {}
        if not batch:
            await self._topics.appended.wait(LOOK_ANYWAY_SECONDS)
        return batch

    async def _read_active(self, active: set[TP] | None) -> Batch:
        asked = {tp: self._positions[tp] for tp in active or self._assigned if tp in self._positions}
        found = await asyncio.to_thread(self._read, asked)
        self._last_read = time.monotonic()
        batch = {tp: records for tp, records in found.items() if self._positions.get(tp) == asked[tp]}
        for tp, records in batch.items():
            self._positions[tp] = self._ends[tp] = records[-1].offset + 1
        return batch

    def _read(self, positions: Mapping[TP, int]) -> Batch:
        batch = {}
        for tp, offset in positions.items():
            reader = self._topics.reader(tp.topic)
            records = reader.read(Topic(tp.topic), tp.partition, offset, _RECORDS_PER_READ)
            if records:
                batch[tp] = records
        return batch

    def on_buffer_drop(self, tp: TP) -> None:
        """The agent has room again for a partition that was left out of the read under way."""
        super().on_buffer_drop(tp)
        self._topics.appended.ring()

    def _to_message(self, tp: TP, record: StoredRecord) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            record.offset,
            record.appended_ms / 1000,
            _TIMESTAMP_IS_LOG_APPEND_TIME,
            stored_headers(record),
            None,
            record.record.value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the committed offsets, or to the first record where there are none."""
        committed = await asyncio.to_thread(self._topics.offsets.load)
        earliest = await self.earliest_offsets(*self._assigned)
        self._positions = {
            tp: max(committed.get((Topic(tp.topic), tp.partition), 0), earliest[tp]) for tp in self._assigned
        }
        return dict(self._positions)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Raises LogEndsEarlier: new records would get offsets that look as if they had been read."""
        ends = await self.highwaters(*partitions)
        beyond = {tp: offset for tp, offset in partitions.items() if offset > ends[tp]}
        if beyond:
            raise LogEndsEarlier(f"the log has lost records that were read: read up to {beyond}, ends {ends}")
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_to_beginning(self, *partitions: TP) -> None:
        await self.seek_wait(await self.earliest_offsets(*partitions))

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        named = {(Topic(tp.topic), tp.partition): offset for tp, offset in offsets.items()}
        await asyncio.to_thread(self._topics.offsets.store, named)
        return True

    async def position(self, tp: TP) -> int | None:
        return self._positions.get(tp)

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return await asyncio.to_thread(self._bounds, partitions, self._first_offsets)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return await asyncio.to_thread(self._bounds, partitions, self._next_offsets)

    def highwater(self, tp: TP) -> int:
        """The end as of the last read; Faust asks for every message and only for its own statistics."""
        return self._ends.get(tp, 0)

    def assignment(self) -> set[TP]:
        return self._assigned

    def topic_partitions(self, topic: str) -> int | None:
        return int(self._topics.reader(topic).partitions)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition asked for; ours never depends on a key."""
        return partition

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Nothing to do: the files are made with all their topics."""

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _bounds(self, partitions: Iterable[TP], offsets_of: Any) -> Mapping[TP, int]:
        by_topic = {topic: offsets_of(topic) for topic in {tp.topic for tp in partitions}}
        return {tp: by_topic[tp.topic][tp.partition] for tp in partitions}

    def _first_offsets(self, topic: str) -> Mapping[int, int]:
        starts: Mapping[int, int] = self._topics.reader(topic).starts(Topic(topic))
        return starts

    def _next_offsets(self, topic: str) -> Mapping[int, int]:
        ends: Mapping[int, int] = self._topics.reader(topic).end_offsets(Topic(topic))
        return ends
