"""Reading the partitions of a topic one record after the other, with what comes next fetched ahead.

Does not know where partitions end: see `stream.kafka.asking`.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from time import monotonic
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from schemas.log import LogUnavailable
from schemas.topics import StoredRecord, Topic
from stream.kafka.asking import ANSWER_MS, open_consumer
from stream.kafka.records import stored_from_kafka

MAX_AHEAD_BYTES = 4 * 1024 * 1024
"""Decoded records of one partition that wait for their reader; passed by one poll's records at most."""

_POLL_RECORDS = 64
_MAX_FETCH_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class _Ahead:
    """Records of one partition from `start` on, without a gap up to `end`."""

    start: int
    end: int
    size_bytes: int = 0
    records: deque[StoredRecord] = field(default_factory=deque)

    def add(self, stored: StoredRecord) -> None:
        self.records.append(stored)
        self.size_bytes += len(stored.record.value)
        self.end = stored.offset + 1

    def forget_before(self, offset: int) -> None:
        while self.records and self.records[0].offset < offset:
            self.size_bytes -= len(self.records.popleft().record.value)
        self.start = offset


class Prefetch:
    """One connection for one topic. Each partition has one reader that goes forward; another would take turns with it
    at fetching anew. Used by one thread at a time."""

    def __init__(self, brokers: str, topic: Topic, name: str) -> None:
        """`name` is the topic's full name, with its prefix."""
        self._brokers = brokers
        self._topic = topic
        self._name = name
        self._lock = Lock()
        self._consumer: Any = None
        self._ahead: dict[int, _Ahead] = {}

    def peek(self, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        """What has been fetched of a partition from `offset` on; it is kept until a later offset is asked for."""
        with self._lock:
            return self._found(partition, offset, max_records)

    def read(self, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        """Records from an offset on that lies within the log; waits for the first of them.

        Raises:
            LookupError: `offset` is not retained any more.
            LogUnavailable: Kafka gives nothing; the next call connects anew.
        """
        with self._lock:
            deadline = monotonic() + ANSWER_MS / 1000
            try:
                while not (found := self._found(partition, offset, max_records)):
                    self._fetch(partition, offset)
                    if monotonic() > deadline:
                        raise LogUnavailable(f"Kafka gives no records of {self._name}/{partition}")
            except (KafkaError, LogUnavailable) as error:
                self._disconnect()
                raise _as_ours(error, partition) from error
            return found

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _found(self, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        ahead = self._ahead.get(partition)
        if ahead is None or not ahead.start <= offset <= ahead.end:
            return []
        ahead.forget_before(offset)
        return list(islice(ahead.records, max_records))

    def _fetch(self, partition: int, offset: int) -> None:
        """Take what has come of any partition; ask for `offset` first if it is not on its way."""
        if self._consumer is None:
            self._consumer = open_consumer(self._brokers, _POLL_RECORDS, _MAX_FETCH_BYTES)
        ahead = self._ahead.get(partition)
        if ahead is None or not ahead.start <= offset <= ahead.end:
            self._ahead[partition] = _Ahead(offset, offset)
            self._consumer.assign([self._place(number) for number in self._ahead])
            self._consumer.seek(self._place(partition), offset)
        self._hold_back()
        for place, messages in self._consumer.poll(timeout_ms=500).items():
            ahead = self._ahead[place.partition]
            for message in messages:
                ahead.add(self._stored(message))

    def _hold_back(self) -> None:
        """Fetch only for partitions whose reader has not enough before it."""
        full = {self._place(number) for number, ahead in self._ahead.items() if ahead.size_bytes >= MAX_AHEAD_BYTES}
        paused = self._consumer.paused()
        self._consumer.pause(*(full - paused))
        self._consumer.resume(*(paused - full))

    def _stored(self, message: Any) -> StoredRecord:
        return stored_from_kafka(
            self._topic, message.partition, message.offset, message.timestamp, message.headers, message.value
        )

    def _place(self, partition: int) -> Any:
        return TopicPartition(self._name, partition)

    def _disconnect(self) -> None:
        consumer, self._consumer, self._ahead = self._consumer, None, {}
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=0)


def _as_ours(error: Exception, partition: int) -> Exception:
    if isinstance(error, OffsetOutOfRangeError) and any(place.partition == partition for place in error.args[0]):
        return LookupError(f"no longer in Kafka: {error}")
    return LogUnavailable(f"Kafka does not answer: {error}")
