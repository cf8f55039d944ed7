"""The product's topics of one test: readers, a collector's appender, and whoever else writes into them.

Does not start a broker.
"""

from collections.abc import Sequence

from kafka import KafkaProducer

from schemas.topics import Record, Topic
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader


class Topics:
    def __init__(self, brokers: str, prefix: str, partitions: int) -> None:
        self.brokers = brokers
        self.prefix = prefix
        self._appender = KafkaLog(brokers, prefix, "collector-1", partitions)
        self._readers: list[KafkaLogReader] = []

    def append(self, *records: Record) -> None:
        """As a collector does."""
        self._appender.append(list(records))

    def append_foreign(self, topic: Topic, partition: int, values: Sequence[bytes]) -> None:
        """As a program does that knows nothing of ours."""
        producer = KafkaProducer(bootstrap_servers=self.brokers)
        for value in values:
            producer.send(f"{self.prefix}{topic}", value, partition=partition)
        producer.flush()
        producer.close()

    def reader(self) -> KafkaLogReader:
        self._readers.append(KafkaLogReader(self.brokers, self.prefix))
        return self._readers[-1]

    def close(self) -> None:
        self._appender.close()
        for reader in self._readers:
            reader.close()
