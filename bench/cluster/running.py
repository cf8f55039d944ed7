"""A cluster on this machine: a broker, the warehouse, and any roles, each as `northstream run` starts it.

Does not send events or wait for numbers: see `bench.cluster.standing`.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from brokers.kafka import Kafka, KafkaMissing

from bench.missing import ToolMissing
from bench.processes import cpu_seconds, family, resident_bytes
from bench.product import SECRET_HEADERS, SECRET_KEY, Faces, environment, free_ports, wait_until_answered
from warehouse.client import Warehouse

PARTITIONS = 8
PREFIX = "bench."

_WRITER = "northstream_writer"
_NORTHSTREAM = str(Path(sys.executable).with_name("northstream"))
_PATIENCE_SECONDS = 180.0
_LAST_WORDS = 4_000
_FIRST_ANSWER = {"warehouse": "/ping"}
"""Where a role answers 200 once it can be used; `/readyz` unless it is named here."""


@dataclass(frozen=True, slots=True)
class Role:
    """A supervisor with its child, on a port of 127.0.0.1."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int

    def cpu_seconds(self) -> float:
        return sum(cpu_seconds(pid) for pid in family(self.process.pid))

    def resident_bytes(self) -> int:
        """Of the child, which does the work."""
        return resident_bytes(family(self.process.pid)[-1])

    def telemetry(self, name: str) -> float:
        """The sum of a metric's values, over its labels."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/metrics", headers=SECRET_HEADERS, timeout=60, trust_env=False)
        lines = answer.raise_for_status().text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def send(self, number: signal.Signals) -> None:
        """A signal to supervisor and child at once, as when their machine is lost or stops."""
        for pid in family(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()


class Cluster:
    """Broker, warehouse, topics and tables; `start` adds roles. Each role has a data folder of its own."""

    def __init__(self, folder: Path, kafka: Kafka, settings: dict[str, object]) -> None:
        self.kafka = kafka
        self.roles: list[Role] = []
        self._folder = folder
        self._sql_port = free_ports(1)[0]
        self._url = f"http://127.0.0.1:{self._sql_port}"
        servers = {"kafka": kafka.address, "kafka_prefix": PREFIX, "clickhouse_url": self._url}
        self._settings = {"partitions": PARTITIONS, **servers, **settings}

    @cached_property
    def warehouse(self) -> Warehouse:
        """To ask and to prepare what is measured; not to be used by what is measured."""
        return Warehouse.server(self._url, _WRITER, SECRET_KEY)

    @property
    def faces(self) -> Faces:
        """Of the first collector and the first boards."""
        return Faces(self.named("collector")[0].port, self.named("boards")[0].port)

    def named(self, *names: str) -> list[Role]:
        return [role for role in self.roles if role.name in names]

    def start(self, *names: str) -> list[Role]:
        """Start roles side by side and wait until all are ready."""
        started = [self._start(name) for name in names]
        self.roles += started
        for role in started:
            wait_until_answered(role.process, role.port, _FIRST_ANSWER.get(role.name, "/readyz"), _PATIENCE_SECONDS)
        return started

    def migrate(self) -> None:
        """Make topics and tables."""
        command = (_NORTHSTREAM, "migrate")
        subprocess.run(command, env=self._environment("migrate"), check=True, stdout=subprocess.DEVNULL)

    def lose(self, role: Role) -> None:
        """`kill -9` of supervisor and child: nobody starts it again."""
        self.roles.remove(role)
        role.kill()

    def cpu(self, *names: str) -> dict[str, float]:
        """Processor seconds so far by name of role, all of that name together; `broker` is one."""
        return {name: self._cpu_of(name) for name in names}

    def _cpu_of(self, name: str) -> float:
        if name == "broker":
            return cpu_seconds(self.kafka.pid)
        return sum(role.cpu_seconds() for role in self.named(name))

    @contextlib.contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Stop roles for a moment. Not for workers: one that has stood still for three seconds ends itself."""
        roles = self.named(*names)
        for role in roles:
            role.send(signal.SIGSTOP)
        try:
            yield
        finally:
            for role in roles:
                role.send(signal.SIGCONT)

    def last_words(self) -> str:
        """The ends of what the roles have said."""
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-_LAST_WORDS:]}" for log in logs)

    def end(self) -> None:
        """Everything measured is measured, and the folder goes: nothing needs an end in good order."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()
        for role in self.roles:
            role.kill()
        self.kafka.kill()

    def _start(self, name: str) -> Role:
        port = self._sql_port if name == "warehouse" else free_ports(1)[0]
        command = (_NORTHSTREAM, "run", name)
        with (self._folder / f"{name}-{port}.log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environment(name, port), stdout=log, stderr=log)
        return Role(name, process, port)

    def _environment(self, name: str, port: int = 0) -> dict[str, str]:
        own = {"data_dir": self._folder / f"{name}-{port}", "clickhouse_port": self._sql_port}
        return environment(**self._settings, **own, **({"port": port} if port and name != "warehouse" else {}))


@contextlib.contextmanager
def cluster(*names: str, **settings: object) -> Iterator[Cluster]:
    """A new cluster with these roles besides the warehouse; `settings` are those of all roles, by name.

    Raises:
        ToolMissing: no broker can run here.
    """
    with TemporaryDirectory(prefix="bench-") as folder:
        kafka = _broker(Path(folder) / "kafka")
        one = Cluster(Path(folder), kafka, settings)
        try:
            kafka.start()
            one.start("warehouse")
            one.migrate()
            one.start(*names)
            yield one
        except Exception:
            print(one.last_words(), file=sys.stderr)
            raise
        finally:
            one.end()


def _broker(folder: Path) -> Kafka:
    try:
        return Kafka(folder)
    except KafkaMissing as missing:
        raise ToolMissing(str(missing)) from missing


def wait_until(
    holds: Callable[[], bool], what: str, patience_seconds: float = _PATIENCE_SECONDS, look_seconds: float = 0.1
) -> None:
    """Look again and again.

    Raises:
        TimeoutError: it does not become true.
    """
    deadline = time.monotonic() + patience_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {patience_seconds:.0f} s: {what}")
        time.sleep(look_seconds)
