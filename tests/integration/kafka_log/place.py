"""One installation's topics on a broker, for tests."""

from dataclasses import dataclass, field
from typing import Any

from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import declare_topics


@dataclass
class Place:
    """One installation's topics on a broker; what was opened is closed with it."""

    brokers: str
    prefix: str
    partitions: int = 2
    _open: list[Any] = field(default_factory=list)

    def declare(self, replication: int = 1) -> None:
        declare_topics(self.brokers, self.prefix, self.partitions, replication, retention_ms=3_600_000)

    def log(self, instance: str = "collector-1") -> KafkaLog:
        self._open.append(KafkaLog(self.brokers, self.prefix, instance, self.partitions))
        return self._open[-1]

    def reader(self) -> KafkaLogReader:
        self._open.append(KafkaLogReader(self.brokers, self.prefix))
        return self._open[-1]

    def close(self) -> None:
        while self._open:
            self._open.pop().close()
