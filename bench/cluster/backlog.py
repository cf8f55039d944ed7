"""Puts prepared blocks into the log on Kafka, and counts what is in it.

Does not go through a collector.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from kafka import KafkaConsumer, TopicPartition

from bench.cluster.running import PARTITIONS, PREFIX, Cluster
from bench.cluster.standing import Standing
from schemas.topics import Kind, Record
from stream.kafka.log import KafkaLog

_APPEND_BLOCKS = 256


def append(cluster: Cluster, records: Iterable[Record]) -> None:
    """Append as collectors do, many blocks at once."""
    log = KafkaLog(cluster.kafka.address, PREFIX, "backlog", PARTITIONS)
    records = iter(records)
    while block := list(islice(records, _APPEND_BLOCKS)):
        log.append(block)
    log.close()


def events_in(records: Iterable[Record]) -> int:
    return sum(record.count for record in records if record.kind is Kind.EVENTS)


def slices(records: Sequence[Record], count: int) -> list[Sequence[Record]]:
    """As many pieces of about the same length, in order."""
    length = -(-len(records) // count)
    return [records[first : first + length] for first in range(0, len(records), length)]


class EventCount:
    """How many events the topic holds: lines of its records, not what their headers say. Each is read once."""

    def __init__(self, cluster: Cluster) -> None:
        places = [TopicPartition(f"{PREFIX}events", number) for number in range(PARTITIONS)]
        self._standing = Standing(cluster)
        self._consumer = KafkaConsumer(
            bootstrap_servers=cluster.kafka.address, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        self._consumer.assign(places)
        self._read = dict.fromkeys(range(PARTITIONS), 0)
        self._count = 0

    def __call__(self) -> int:
        """Up to the ends as they are now.

        Raises:
            AssertionError: there is something in `quarantine`, where nothing of a load belongs.
        """
        ends = self._standing.ends("events", "quarantine")
        while any(self._read[number] < ends["events", number] for number in range(PARTITIONS)):
            for place, messages in self._consumer.poll(1000, max_records=500).items():
                self._read[place.partition] = messages[-1].offset + 1
                self._count += sum(_events_of(message) for message in messages)
        assert not any(ends["quarantine", number] for number in range(PARTITIONS)), (
            "events of the load were quarantined"
        )
        return self._count

    def close(self) -> None:
        self._standing.close()
        self._consumer.close()


def _events_of(message: object) -> int:
    """Lines of a record of events, 0 of one of links."""
    kind = dict(message.headers)["kind"]
    return message.value.count(b"\n") if kind == Kind.EVENTS.encode() else 0
