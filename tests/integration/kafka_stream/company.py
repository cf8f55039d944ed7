"""Workers under a tiny parent that starts them again, and what they have counted: real broker, real engine.

Not a test.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integration.stream.collected import records
from kafka import KafkaAdminClient, KafkaProducer
from properties import recount
from properties.random_histories import FUNNELS
from properties.stream_harness import PROJECT, SIGNUP, TASK, Message

from schemas.topics import Topic
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from warehouse.client import Warehouse
from warehouse.people_store import PeopleStore

PATIENCE_SECONDS = 300.0
_LOOK_SECONDS = 0.05
_TESTS = Path(__file__).parents[2]


def wait_until(condition: Callable[[], Any], what: str, patience: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(_LOOK_SECONDS)


class WorkerProcess:
    """A worker that is started again when it fails. `log` is where all of its lives write."""

    def __init__(self, settings: dict[str, Any], log: Path) -> None:
        self._settings = settings
        self.log = log
        self.stopping = False
        self.starts = 0
        self._start()
        self._parent = threading.Thread(target=self._keep_alive, daemon=True)
        self._parent.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def is_frozen(self) -> bool:
        """Whether the process is stopped by a signal."""
        status = Path(f"/proc/{self.pid}/stat")
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "T"

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to leave, and give its exit code."""
        self.stopping = True
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        return self._wait()

    def kill(self) -> None:
        """Stop it for good without asking."""
        self.stopping = True
        self._process.kill()
        self._wait()

    def _wait(self) -> int:
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def _start(self) -> None:
        environment = os.environ | {"PYTHONPATH": f"{_TESTS}"}
        command = [sys.executable, str(Path(__file__).with_name("worker_main.py")), json.dumps(self._settings)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.starts += 1
        # Only the first life freezes.
        self._settings = {name: value for name, value in self._settings.items() if name != "freeze_before"}

    def _keep_alive(self) -> None:
        while True:
            self._process.wait()
            time.sleep(0.3)
            if self.stopping:
                return
            self._start()


class Company:
    """The log, the store, the workers, and what was sent."""

    def __init__(self, brokers: str, prefix: str, partitions: int, url: str, writer: tuple[str, str], folder: Path):
        self._settings = {"brokers": brokers, "prefix": prefix, "url": url, "writer": writer}
        self._prefix = prefix
        self._folder = folder
        self.partitions = partitions
        self.reader = KafkaLogReader(brokers, prefix)
        self.log = KafkaLog(brokers, prefix, "company", partitions)
        self.warehouse = Warehouse.server(url, *writer, size=2)
        self.store = PeopleStore(self.warehouse)
        self.sent: list[Message] = []
        self.workers: list[WorkerProcess] = []

    def start_worker(self, **settings: Any) -> WorkerProcess:
        log = self._folder / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess(self._settings | settings, log)
        self.workers.append(worker)
        return worker

    def send(self, messages: list[Message]) -> None:
        for message in messages:
            self.log.append(records(message, self.partitions))
            self.sent.append(message)

    def numbers(self) -> dict[tuple[str, int], int]:
        rows = self.warehouse.rows(
            "SELECT metric, bucket, value FROM northstream.counter_totals WHERE metric != 'late'"
        )
        return {(metric, bucket): value for metric, bucket, value in rows if value}

    def expected(self) -> dict[tuple[str, int], int]:
        return recount.numbers(self.sent, FUNNELS, SIGNUP, (PROJECT, TASK))

    def is_settled(self) -> bool:
        """Heads and headers of the highest claims, both at the ends; positions are read before the ends."""
        every = range(self.partitions)
        heads, headers = self.store.latest_heads(every), self.store.latest_headers(every)
        claims = self.store.highest_claims(every)
        events, handoffs = self.reader.ends(Topic.EVENTS), self.reader.ends(Topic.HANDOFFS)
        return all(
            number in heads
            and number in headers
            and heads[number].tag[:2] == headers[number].tag[:2] == claims[number]
            and heads[number].positions == headers[number].positions == (events[number].offset, handoffs[number].offset)
            for number in every
        )

    def settle(self, patience: float = PATIENCE_SECONDS) -> None:
        wait_until(self.is_settled, "everything is counted and durable", patience)

    def durable(self) -> dict[tuple[str, int], int]:
        """Positions of the latest headers, by topic and partition."""
        headers = self.store.latest_headers(range(self.partitions)).values()
        return {
            (topic, header.partition): at
            for header in headers
            for topic, at in ((Topic.EVENTS, header.positions.events), (Topic.HANDOFFS, header.positions.handoffs))
        }

    def committed(self) -> dict[tuple[str, int], int]:
        """What the consumer group was told."""
        admin = KafkaAdminClient(bootstrap_servers=self._settings["brokers"])
        try:
            [offsets] = admin.list_group_offsets([f"{self._prefix}stream"]).values()
        finally:
            admin.close()
        return {(tp.topic.removeprefix(self._prefix), tp.partition): at.offset for tp, at in offsets.items()}

    def send_foreign(self, value: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> None:
        """A message that is not of this product, into every partition that workers read."""
        producer = KafkaProducer(bootstrap_servers=self._settings["brokers"])
        try:
            for topic in (Topic.EVENTS, Topic.HANDOFFS):
                for number in range(self.partitions):
                    producer.send(self._prefix + topic, value, b"key", headers or [], number).get(10)
        finally:
            producer.close()

    def owners(self) -> set[int]:
        """The nonces of the highest claims: one per taking."""
        return {claim.nonce for claim in self.store.highest_claims(range(self.partitions)).values()}

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.log.close()
        self.reader.close()
        self.warehouse.close()
