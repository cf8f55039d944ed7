"""A real Kafka for tests, without containers: one node, or three that outlive the loss of one.

Does not fetch Kafka: see `brokers.kafka_jars`. Imports nothing of the product.
"""

import base64
import contextlib
import ctypes
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from brokers.kafka_jars import KafkaMissing, class_archive, class_path, fetch_kafka, fetched_kafka, why_no_kafka
from brokers.kafka_settings import LOG4J, server_properties
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from ports import free_ports

__all__ = ["Kafka", "KafkaCluster", "KafkaMissing", "fetch_kafka", "why_no_kafka"]

READY_SECONDS = 90.0
STOP_SECONDS = 10.0
"""A node that has lost the quorum to others that end with it would wait for ever."""

_ARCHIVE_SECONDS = 120.0
_PAUSE_SECONDS = 0.02
_JAVA_FLAGS = ("-Xmx256m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PR_SET_PDEATHSIG = 1
_GOOD_ENDS = (0, 143, -signal.SIGTERM)


class Node:
    """One broker-and-controller with its folder; its ports stay the same over restarts."""

    def __init__(self, folder: Path, number: int, ports: Sequence[tuple[int, int]], cluster: str) -> None:
        """`ports` are (broker, controller) of every node of the cluster, in order; this one is `number`, from 1."""
        self.folder = folder
        self.number = number
        self.port = ports[number - 1][0]
        self.address = f"127.0.0.1:{self.port}"
        self.log_file = folder / "broker.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._archive: Path | None = None
        self._cluster = cluster
        self._is_alone = len(ports) == 1
        self._properties = folder / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(server_properties(folder / "data", number, ports))
        (folder / "log4j2.properties").write_text(LOG4J)

    @property
    def pid(self) -> int:
        assert self.process is not None, "not started"
        return self.process.pid

    def start(self) -> None:
        """Start the process (`wait_until_ready` waits for it)."""
        if not (self.folder / "data" / "meta.properties").exists():
            tool = ("kafka.tools.StorageTool", "format", "-t", self._cluster, "-c", str(self._properties))
            done = subprocess.run(self._java(*tool), capture_output=True, text=True)
            assert done.returncode == 0, f"cannot format: {done.stdout}{done.stderr}"
        with self.log_file.open("ab") as log:
            command = self._java("kafka.Kafka", str(self._properties))
            if self._is_alone and not class_archive().exists():
                # Written when it ends in good order; from then on brokers start in half the time.
                self._archive = class_archive().with_name(f"archive-{uuid.uuid4()}")
                command.insert(1, f"-XX:ArchiveClassesAtExit={self._archive}")
            self.process = _in_lasting_thread(
                lambda: subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_die_with_the_tests)
            )

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self.process is not None:
            self.process.terminate()

    def stop(self) -> None:
        """End it in good order; nothing happens if it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(_ARCHIVE_SECONDS if self._archive else STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._keep_archive(whole=self.process.returncode in _GOOD_ENDS)
        self.process = None

    def _keep_archive(self, whole: bool) -> None:
        if self._archive is not None and self._archive.exists():
            if whole:
                self._archive.rename(class_archive())
            else:
                self._archive.unlink()
        self._archive = None

    def wait_until_ready(self, nodes: int = 1) -> None:
        """Wait until this node answers and names `nodes` brokers."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._knows(nodes):
            assert self.process is not None, "not started"
            ended = self.process.poll()
            assert ended is None, f"the broker ended with {ended}: {self._last_words()}"
            assert time.monotonic() < deadline, f"the broker is not ready: {self._last_words()}"
            time.sleep(_PAUSE_SECONDS)

    def _knows(self, nodes: int) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            with contextlib.suppress(KafkaError):
                admin = KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=5000)
                try:
                    return len(admin.describe_cluster()["brokers"]) >= nodes
                finally:
                    admin.close()
        return False

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        archive = class_archive()
        shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
        return ["java", *_JAVA_FLAGS, *shared, logging, "-cp", class_path(), main_class, *arguments]

    def _last_words(self) -> str:
        return self.log_file.read_text(errors="replace")[-3000:] if self.log_file.exists() else ""


class KafkaCluster:
    """Several nodes, each broker and controller: with three, one may be gone."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        """Choose ports and write the settings; nothing is started. Raises `KafkaMissing`."""
        fetched_kafka()
        ports = free_ports(2 * nodes)
        pairs = list(zip(ports[::2], ports[1::2], strict=True))
        cluster = _cluster_id()
        self.nodes = [Node(folder / f"node{number}", number, pairs, cluster) for number in range(1, nodes + 1)]

    @property
    def address(self) -> str:
        """All nodes, as clients are told of them: `host:port,host:port,…`."""
        return ",".join(node.address for node in self.nodes)

    def start(self) -> None:
        """Start every node that does not run, and wait until all answer."""
        for node in self.nodes:
            if node.process is None:
                node.start()
        for node in self.nodes:
            node.wait_until_ready(len(self.nodes))

    def stop(self) -> None:
        """End every node in good order, all at the same time."""
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        """`kill -9` for every node."""
        for node in self.nodes:
            node.kill()

    def restart(self) -> None:
        """Stop, then start and wait until it is ready. After `kill`, `start` alone is enough."""
        self.stop()
        self.start()


class Kafka(KafkaCluster):
    """A single node. `address` is `127.0.0.1:port`, the same over restarts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, nodes=1)

    @property
    def pid(self) -> int:
        """Of the broker's process, for tests that freeze it."""
        return self.nodes[0].pid

    @property
    def log_file(self) -> Path:
        return self.nodes[0].log_file


@cache
def _starting() -> SimpleQueue[tuple[Callable[[], Any], Future[Any]]]:
    """Where what a thread that never ends shall do is put."""
    waiting: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()

    def work() -> None:
        while True:
            make, made = waiting.get()
            try:
                made.set_result(make())
            except OSError as error:
                made.set_exception(error)

    threading.Thread(target=work, name="broker-starter", daemon=True).start()
    return waiting


def _in_lasting_thread(make: Callable[[], Any]) -> Any:
    """The kernel ends a child with the *thread* that started it, and a test's own threads end early."""
    made: Future[Any] = Future()
    _starting().put((make, made))
    return made.result()


def _die_with_the_tests() -> None:
    """However the process of the tests ends, no broker stays behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _cluster_id() -> str:
    """22 characters; the tool takes one that begins with a dash for an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name
