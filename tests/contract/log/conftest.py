"""The drivers that must keep the log's contract, each with real files or a real broker behind it.

A driver opens appenders and readers, and names itself to another process (`log_process.py`).
"""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brokers.shared import shared_kafka

from schemas.log import LogAppender, LogReader
from schemas.topics import Kind, Record, Topic
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import declare_topics
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.reading import LocalLogReader

PARTITIONS = 4
_PROCESS = Path(__file__).with_name("log_process.py")


class LocalDriver:
    """The embedded log in one file."""

    def __init__(self, folder: Path) -> None:
        self.place = {"driver": "local", "path": str(folder / "events.db")}
        self._open: list[LocalLogReader] = []

    def appender(self) -> LogAppender:
        log = LocalLog(Path(self.place["path"]), EVENT_TOPICS, PARTITIONS)
        self._open.append(log)
        return log

    def reader(self) -> LogReader:
        reader = LocalLogReader(Path(self.place["path"]))
        self._open.append(reader)
        return reader

    def close(self) -> None:
        """Close everything that was opened; the log itself stays."""
        while self._open:
            self._open.pop().close()


class KafkaDriver:
    """A real broker, shared by all tests; topics of its own."""

    def __init__(self, folder: Path) -> None:
        brokers, prefix = shared_kafka().address, f"contract-{uuid.uuid4()}."
        self.place = {"driver": "kafka", "brokers": brokers, "prefix": prefix}
        self._open: list[KafkaLog | KafkaLogReader] = []
        declare_topics(brokers, prefix, PARTITIONS, replication=1, retention_ms=3_600_000)

    def appender(self) -> LogAppender:
        log = KafkaLog(self.place["brokers"], self.place["prefix"], "collector-1", PARTITIONS)
        self._open.append(log)
        return log

    def reader(self) -> LogReader:
        reader = KafkaLogReader(self.place["brokers"], self.place["prefix"])
        self._open.append(reader)
        return reader

    def close(self) -> None:
        """Close everything that was opened; the log itself stays."""
        while self._open:
            self._open.pop().close()


@pytest.fixture(params=[LocalDriver, KafkaDriver])
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    driver = request.param(tmp_path)
    yield driver
    driver.close()


class Processes:
    """Other processes that append to or read the same log; none outlives its test."""

    def __init__(self, place: dict[str, str]) -> None:
        self._place = place
        self._started: list[subprocess.Popen[str]] = []

    def start(self, task: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(_PROCESS), task, json.dumps(self._place)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def processes(driver: Any) -> Iterator[Processes]:
    processes = Processes(driver.place)
    yield processes
    processes.end()


@pytest.fixture
def marked() -> Any:
    """Waits until a reader sees these low watermarks: `marked(reader, {name: ms})`."""

    def wait(reader: LogReader, watermarks: dict[str, int]) -> None:
        deadline = time.monotonic() + 30
        while (seen := reader.low_watermarks()) != watermarks:
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)

    return wait


@pytest.fixture
def block() -> Any:
    """Makes a record: `block(sequence, partition)`."""

    def make(
        sequence: int, partition: int = 0, count: int = 2, topic: Topic = Topic.EVENTS, collector: str = "c1"
    ) -> Record:
        value = b'{"message_id":"m%d"}\n' % sequence * count
        kind = Kind.EVENTS if topic is Topic.EVENTS else Kind.QUARANTINE
        return Record(topic, partition, kind, count, value, 1, collector, sequence)

    return make
