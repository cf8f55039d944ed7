"""Reading a partition one record after the other, with what comes next fetched ahead.

Does not know where the partition ends: see `stream.kafka.asking`.
"""

from collections import deque
from itertools import islice
from threading import Lock
from time import monotonic
from typing import Any

from kafka import TopicPartition
from kafka.errors import CorruptRecordError, OffsetOutOfRangeError

from schemas.log import LogUnavailable
from schemas.topics import StoredRecord, Topic
from stream.kafka.asking import ANSWER_MS, is_foreign, open_consumer
from stream.kafka.connections import LIBRARY_ERRORS
from stream.kafka.records import stored_from_kafka

_POLL_RECORDS = 64
_MAX_FETCH_BYTES = 8 * 1024 * 1024


class Prefetch:
    """One connection for one partition, made when there is something to read; threads take turns.

    One for several partitions would save connections, but kafka-python 3.0.12 stops giving records of a partition
    that was paused and resumed, and without pauses the others' records would pile up. It holds 64 decoded records
    and one fetch of about 1 MB as it came.
    """

    def __init__(self, brokers: str, prefix: str, topic: Topic, partition: int) -> None:
        self._brokers = brokers
        self._topic = topic
        self._place = TopicPartition(prefix + topic, partition)
        self._lock = Lock()
        self._consumer: Any = None
        self._ahead: deque[StoredRecord] = deque()
        self._start = self._end = 0
        """The fetched records are all there are from `_start` on and before `_end`, where fetching goes on."""

    def peek(self, offset: int, max_records: int) -> list[StoredRecord]:
        """What has been fetched from `offset` on; it is kept until a later offset is asked for."""
        with self._lock:
            return self._found(offset, max_records)

    def read(self, offset: int, max_records: int) -> list[StoredRecord]:
        """Records from an offset on that lies within the log; waits for the first of them.

        Raises:
            LookupError: `offset` is not retained any more.
            LogUnavailable: Kafka gives nothing; the next call connects anew.
        """
        with self._lock:
            deadline = monotonic() + ANSWER_MS / 1000
            try:
                while not (found := self._found(offset, max_records)):
                    if monotonic() > deadline:
                        raise LogUnavailable(f"Kafka gives no records of {self._place}")
                    self._fetch(offset)
            except OffsetOutOfRangeError as error:
                self._disconnect()
                raise LookupError(f"{self._place} no longer has the record {offset}") from error
            except LIBRARY_ERRORS as error:
                self._disconnect()
                raise LogUnavailable(f"Kafka does not answer: {error}") from error
            except LogUnavailable:
                self._disconnect()
                raise
            return found

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _found(self, offset: int, max_records: int) -> list[StoredRecord]:
        if not self._start <= offset < self._end:
            return []
        while self._ahead and self._ahead[0].offset < offset:
            self._ahead.popleft()
        self._start = offset
        return list(islice(self._ahead, max_records))

    def _fetch(self, offset: int) -> None:
        """Take what has come next; ask for `offset` first if that is something else."""
        if self._consumer is None:
            self._consumer = open_consumer(self._brokers, _POLL_RECORDS, _MAX_FETCH_BYTES)
            self._consumer.assign([self._place])
            self._seek(offset)
        elif offset != self._end:
            self._seek(offset)
        try:
            messages = self._consumer.poll(timeout_ms=500).get(self._place, [])
        except CorruptRecordError as error:
            if not is_foreign(error):
                raise
            self._add(self._end, 0, None, None)
            self._consumer.seek(self._place, self._end)
            return
        for message in messages:
            self._add(message.offset, message.timestamp, message.headers, message.value)
        if not messages and (position := self._consumer.position(self._place, timeout_ms=500) or 0) > self._end:
            # The end of a foreign transaction: it takes an offset, and nobody is ever given a message for it.
            self._add(position - 1, 0, None, None)

    def _add(self, offset: int, appended_ms: int, headers: Any, value: bytes | None) -> None:
        stored = stored_from_kafka(self._topic, self._place.partition, offset, appended_ms, headers, value)
        self._ahead.append(stored)
        self._end = offset + 1

    def _seek(self, offset: int) -> None:
        self._consumer.seek(self._place, offset)
        self._ahead.clear()
        self._start = self._end = offset

    def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._ahead.clear()
        self._start = self._end = 0
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=0)
