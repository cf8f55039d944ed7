"""A real broker with the product's topics, and a real engine behind the HTTP face in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from brokers.faulty_proxy import FaultyProxy
from brokers.kafka import Kafka, why_no_kafka
from integration.kafka_loader.topics import Topics
from integration.warehouse.emptying import empty_tables

from stream.kafka.topics import declare_topics
from warehouse.client import Warehouse
from warehouse.migrate import migrate

FACE = Path(__file__).parents[1] / "face" / "serve_face.py"
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


@pytest.fixture(scope="package")
def face_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("warehouse")
    process = subprocess.Popen([sys.executable, FACE, folder / "engine"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def proxy(face_port: int) -> Iterator[FaultyProxy]:
    """Between the product and its warehouse; passes everything on until a test says otherwise."""
    with FaultyProxy("127.0.0.1", face_port) as proxy:
        yield proxy


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
