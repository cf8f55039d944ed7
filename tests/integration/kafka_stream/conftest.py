"""A company per test: topics of its own on the shared broker, a warehouse of its own behind its HTTP face."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from brokers.shared import shared_kafka
from integration.kafka_stream.company import Company

from stream.kafka.topics import declare_topics
from warehouse.client import Warehouse
from warehouse.migrate import migrate

FACE = Path(__file__).parents[1] / "face" / "serve_face.py"
WRITER = ("northstream_writer", "face-writer-password")
PARTITIONS = 3


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    brokers, prefix = shared_kafka().address, f"w{uuid4().hex[:8]}."
    declare_topics(brokers, prefix, PARTITIONS, 1, 10 * 365 * 86_400_000)
    face = subprocess.Popen([sys.executable, FACE, tmp_path / "engine"], stdout=subprocess.PIPE, text=True)
    try:
        assert face.stdout is not None
        url = f"http://127.0.0.1:{int(face.stdout.readline())}"
        warehouse = Warehouse.server(url, *WRITER, size=1)
        migrate(warehouse)
        warehouse.close()
        company = Company(brokers, prefix, PARTITIONS, url, WRITER, tmp_path)
        try:
            yield company
        finally:
            company.close()
    finally:
        face.kill()
        face.wait()
