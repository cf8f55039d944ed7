"""A real broker with the product's topics; the warehouse is the engine behind the HTTP face."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from brokers.kafka import Kafka, why_no_kafka
from integration.kafka_loader.topics import Topics
from integration.warehouse.emptying import empty_tables

from stream.kafka.topics import declare_topics
from warehouse.client import Warehouse
from warehouse.migrate import migrate

WRITER = ("northstream_writer", "face-writer-password")
PARTITIONS = 2


@pytest.fixture(scope="package")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    if reason := why_no_kafka():
        pytest.skip(reason)
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def topics(kafka: Kafka) -> Iterator[Topics]:
    """Topics of this test alone."""
    prefix = f"t{uuid4().hex[:8]}."
    declare_topics(kafka.address, prefix, PARTITIONS, 1, 86_400_000)
    opened = Topics(kafka.address, prefix, PARTITIONS)
    yield opened
    opened.close()


@pytest.fixture
def connect(face_port: int) -> Iterator[Callable[..., Warehouse]]:
    """Opens a warehouse at an address; without one past every fault."""
    opened: list[Warehouse] = []

    def open_warehouse(url: str = f"http://127.0.0.1:{face_port}", **options: object) -> Warehouse:
        opened.append(Warehouse.server(url, *WRITER, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_warehouse
    for one in opened:
        one.close()


@pytest.fixture
def warehouse(connect: Callable[..., Warehouse]) -> Warehouse:
    """The true state of the warehouse, whatever the proxy does; empty at first."""
    direct = connect()
    migrate(direct)
    empty_tables(direct)
    return direct
