"""Questions to Kafka beside the steady reading: where partitions begin and end, and a few records here and there.

Does not keep records: see `stream.kafka.prefetch` for reading one after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError, OffsetOutOfRangeError

from schemas.log import LogUnavailable
from stream.kafka.connections import LIBRARY_ERRORS, connect

ANSWER_MS = 6_000
"""How long an answer may take, a change of a partition's leader included."""

_POLL_RECORDS = 64
_MAX_FETCH_BYTES = 8 * 1024 * 1024

Answer = TypeVar("Answer")


class Questions:
    """One connection, used by one thread at a time. Every method may raise LogUnavailable."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._lock = Lock()
        self._consumer: Any = None
        self._partitions: dict[str, list[int]] = {}

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic, in order; they never change."""
        if topic not in self._partitions:
            with self._asked() as consumer:
                found = sorted(consumer.partitions_for_topic(topic))
            if not found:
                raise LogUnavailable(f"Kafka has no topic {topic}")
            self._partitions[topic] = found
        return self._partitions[topic]

    def starts(self, topic: str) -> dict[int, int]:
        """The first retained offset of each partition."""
        return self._offsets(topic, lambda consumer: consumer.beginning_offsets)

    def ends(self, topic: str) -> dict[int, int]:
        """The end of each partition: everything before it is on all the brokers that keep it."""
        return self._offsets(topic, lambda consumer: consumer.end_offsets)

    def messages(self, topic: str, partition: int, first: int, end: int) -> list[Any]:
        """The messages from `first` on and before `end`, which must lie within the log; offsets may be missing.

        Raises:
            LookupError: the first of them are not retained any more.
        """
        place = TopicPartition(topic, partition)
        found: list[Any] = []
        with self._asked() as consumer:
            consumer.assign([place])
            consumer.seek(place, first)
            for batch in _until(consumer, place, first, end):
                found += batch
        return [message for message in found if message.offset < end]

    def close(self) -> None:
        with self._lock:
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=0)

    def _offsets(self, topic: str, method: Callable[[Any], Callable[..., Any]]) -> dict[int, int]:
        places = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        with self._asked() as consumer:
            found = method(consumer)(places, timeout_ms=ANSWER_MS)
        return {place.partition: offset for place, offset in found.items()}

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        with self._lock:
            if self._consumer is None:
                self._consumer = open_consumer(self._brokers, _POLL_RECORDS, _MAX_FETCH_BYTES)
            try:
                yield self._consumer
            except OffsetOutOfRangeError as error:
                raise LookupError(f"no longer in Kafka: {error}") from error
            except LIBRARY_ERRORS as error:
                self._consumer.close(autocommit=False, timeout_ms=0)
                self._consumer = None
                raise LogUnavailable(f"Kafka does not answer: {error}") from error


def open_consumer(brokers: str, poll_records: int, max_fetch_bytes: int) -> Any:
    """A consumer without a group, which never moves by itself. May raise LogUnavailable."""
    return connect(
        KafkaConsumer,
        brokers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_poll_records=poll_records,
        fetch_max_bytes=max_fetch_bytes,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def is_foreign(error: CorruptRecordError) -> bool:
    """Whether a record is not damaged but only has header names that are no UTF-8, as some clients allow.

    The library gives it to nobody, however often it is asked for.
    """
    return isinstance(error.__context__, UnicodeDecodeError)


def _until(consumer: Any, place: Any, position: int, end: int) -> Iterator[Sequence[Any]]:
    """What a consumer reads of a partition up to an end that lies within the log, or a little further."""
    deadline = monotonic() + ANSWER_MS / 1000
    while position < end:
        try:
            batch = consumer.poll(timeout_ms=500).get(place, [])
        except CorruptRecordError as error:
            if not is_foreign(error):
                raise
            position += 1
            consumer.seek(place, position)
            continue
        if batch:
            yield batch
            position = batch[-1].offset + 1
            deadline = monotonic() + ANSWER_MS / 1000
        elif (passed := consumer.position(place, timeout_ms=500) or 0) > position:
            # Nobody is given what a foreign transaction leaves at its end.
            position = passed
        elif monotonic() > deadline:
            raise LogUnavailable(f"Kafka gives no records of {place.topic}/{place.partition}")
