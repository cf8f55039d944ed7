"""Topics of their own for each test on a real broker, and brokers that a test may kill."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from brokers.kafka import Kafka
from brokers.shared import require_kafka, shared_kafka
from integration.kafka_log.place import Place

from schemas.topics import Kind, Record, Topic


@pytest.fixture
def place() -> Iterator[Place]:
    """Fresh topics with 2 partitions on the broker that all tests share."""
    place = Place(shared_kafka().address, f"test-{uuid.uuid4()}.")
    place.declare()
    yield place
    place.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of this module alone, which its tests may stop, freeze and kill; each leaves it running."""
    require_kafka()
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def own_place(broker: Kafka) -> Iterator[Place]:
    """Fresh topics with 2 partitions on the module's own broker."""
    place = Place(broker.address, f"test-{uuid.uuid4()}.")
    place.declare()
    yield place
    place.close()


@pytest.fixture
def block() -> Callable[..., Record]:
    """Makes a record: `block(sequence, partition)`."""

    def make(sequence: int, partition: int = 0, collector: str = "c1", count: int = 2) -> Record:
        value = b'{"message_id":"m%d"}\n' % sequence * count
        return Record(Topic.EVENTS, partition, Kind.EVENTS, count, value, 0, collector, sequence)

    return make
