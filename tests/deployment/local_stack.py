"""The services of docker-compose.yml as processes of this machine, with the file's commands, variables and checks.

Kafka is the real one, from its jars. In the place of ClickHouse stands our `run warehouse`. Grafana, Prometheus and
Alertmanager are left out. Imports nothing of the product.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brokers.kafka_jars import fetched_kafka
from deployment.compose_file import compose
from deployment.container_view import Machine, in_order, server_properties
from system.faces import wait_until
from system.installation import command, plain_environment

OURS = ("migrate", "collector", "worker-1", "worker-2", "loader", "alerter", "boards")
SERVERS = ("kafka", "clickhouse")
END_SECONDS = 120.0


class LocalStack:
    """Services, started in the order of `depends_on` (none named: all that run here); a context manager that ends them.

    `variables`: the `.env`. `folder`: for volumes and logs.
    """

    def __init__(self, variables: Mapping[str, str], folder: Path, *names: str) -> None:
        self.variables = dict(variables)
        self.services: dict[str, Any] = compose(variables)["services"]
        self.machine = Machine(compose(variables), folder)
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._first = names or (*SERVERS, *OURS)

    def __enter__(self) -> "LocalStack":
        try:
            self.start(*self._first)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self, *names: str) -> None:
        """Start services, each when those that it depends on are as it asks."""
        for name in in_order(self.services, names):
            for other, how in self.services[name].get("depends_on", {}).items():
                if other in self.processes:
                    self._wait_for(other, how["condition"])
            self.processes[name] = self._launch(name)

    def wait_until_healthy(self, *names: str) -> None:
        for name in names:
            self._wait_for(name, "service_healthy")

    def _wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert self.processes[name].wait(END_SECONDS) == 0, f"{name} failed:\n{self.tail(name)}"
            return

        def is_healthy() -> bool:
            assert self.processes[name].poll() is None, f"{name} ended by itself:\n{self.tail(name)}"
            return self.is_healthy(name)

        wait_until(is_healthy, f"{name} is healthy; it said:\n{self.tail(name)}")

    def is_healthy(self, name: str) -> bool:
        """Run the service's check as it is written in the file."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        arguments = [self.machine.translated(name, self._inner(word, name)) for word in words]
        done = subprocess.run(arguments, env=self._environment(name), capture_output=True, timeout=60)
        return done.returncode == 0

    def _inner(self, word: str, name: str) -> str:
        """An address in the middle of a word."""
        return word.replace("127.0.0.1", self.machine.addresses[name])

    def _launch(self, name: str) -> "subprocess.Popen[bytes]":
        if name == "clickhouse":
            arguments = command("run", "warehouse")
        elif name.startswith("kafka"):
            arguments = self._kafka(name)
        else:
            arguments = command(*self.services[name]["command"])
        with self.log_of(name).open("ab") as log:
            return subprocess.Popen(
                arguments, env=self._environment(name), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def _environment(self, name: str) -> dict[str, str]:
        """The file's variables and no settings of whoever runs the tests; programs of this Python first."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        if name == "clickhouse":
            return plain_environment(**self._warehouse_settings(), PATH=path)
        return plain_environment(**self.machine.environment(name), PATH=path)

    def _warehouse_settings(self) -> dict[str, str]:
        """What ClickHouse is to the others: its address, its volume, and the user whom they log in as."""
        return {
            "NORTHSTREAM_HOST": self.machine.addresses["clickhouse"],
            "NORTHSTREAM_CLICKHOUSE_PORT": "8123",
            "NORTHSTREAM_DATA_DIR": str(self.warehouse_folder),
            "NORTHSTREAM_CLICKHOUSE_USER": "northstream_writer",
            "NORTHSTREAM_CLICKHOUSE_PASSWORD": self.variables["CLICKHOUSE_WRITER_PASSWORD"],
        }

    @property
    def warehouse_folder(self) -> Path:
        return self.machine.paths("clickhouse")["/var/lib/clickhouse"]

    def _kafka(self, name: str) -> list[str]:
        """Format its folder the first time, as the image does; the command that starts it."""
        environment = self.machine.environment(name)
        properties = self.folder / f"{name}.properties"
        properties.write_text(server_properties(environment))
        java = ["java", *environment["KAFKA_HEAP_OPTS"].split(), "-cp", f"{fetched_kafka()}/*"]
        tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", environment["CLUSTER_ID"])
        done = subprocess.run([*java, *tool, "-c", str(properties)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return [*java, "kafka.Kafka", str(properties)]

    def run_beside(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`docker compose exec NAME northstream …`: a command with the service's variables, to its end."""
        return subprocess.run(
            command(*arguments), env=self._environment(name), cwd=self.folder, capture_output=True, text=True
        )

    def address(self, name: str) -> str:
        """`host:port` of a role of ours."""
        return f"{self.machine.addresses[name]}:{self.services[name]['environment']['NORTHSTREAM_PORT']}"

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def tail(self, name: str) -> str:
        return "\n".join(self.log_of(name).read_text("utf-8", "replace").splitlines()[-30:])

    def stop(self, *names: str) -> dict[str, int]:
        """SIGTERM to all of these at once, as `docker compose stop` sends it; the exit codes."""
        ending = {name: self.processes.pop(name) for name in names}
        for process in ending.values():
            process.terminate()
        return {name: process.wait(END_SECONDS) for name, process in ending.items()}

    def kill(self, *names: str) -> None:
        """`kill -9`, none named: all. Each service is a session of its own, of which nothing runs afterwards."""
        ending = [self.processes.pop(name) for name in names or tuple(self.processes)]
        for process in ending:
            for member in members_of(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
            process.wait()
        for process in ending:
            wait_until(lambda session=process.pid: not members_of(session), "the end of all processes")


def members_of(session: int) -> list[int]:
    """Process ids of everything that a service consists of now."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, belongs_to = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:4]
            if int(belongs_to) == session and state != "Z":
                found.append(int(entry.name))
    return found
