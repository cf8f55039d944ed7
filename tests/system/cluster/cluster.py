"""A whole cluster on this machine: a real Kafka, and every role as a process of its own.

Imports nothing of the product. Where tests of `northstream up` take a running product, they take a `Cluster` too.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from brokers.kafka import Kafka, KafkaCluster
from ports import free_ports
from system.cluster.role_process import RoleProcess
from system.faces import Faces
from system.installation import command, plain_environment

ALL_ROLES = ("warehouse", "collector", "worker", "worker", "loader", "alerter", "boards")
"""What a usual cluster consists of."""

_SERVING = ("collector", "boards")


class Cluster(Faces):
    """A folder, a Kafka and the roles that were started; ended with the block.

    `kafka`: a broker that runs already (it is left running), else one of its own. `settings`: for every role, names
    without their prefix. `with_health`: give those roles ports for telemetry that need none.
    """

    def __init__(
        self,
        folder: Path,
        kafka: KafkaCluster | None = None,
        settings: Mapping[str, str] | None = None,
        with_health: bool = False,
    ) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.kafka = kafka or Kafka(folder / "kafka")
        self._owns_kafka = kafka is None
        self._with_health = with_health
        self.sql_port = free_ports(1)[0]
        self.settings = {
            "DATA_DIR": str(self.data_dir),
            "KAFKA": self.kafka.address,
            "CLICKHOUSE_URL": f"http://127.0.0.1:{self.sql_port}",
        } | dict(settings or {})
        self.members: list[RoleProcess] = []
        self.write_key = self.secret_key = ""

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            for member in self.members:
                print(f"--- the last lines of {member.name} ---\n{member.tail()}")
        self.end()

    # Processes

    def start(self, *roles: str) -> None:
        """Start Kafka and the warehouse, migrate, start the other roles (none named: a usual cluster), and wait."""
        roles = roles or ALL_ROLES
        if "warehouse" in roles:
            self.add("warehouse")
        if self._owns_kafka:
            self.kafka.start()
        self.migrate()
        for role in roles:
            if role != "warehouse":
                self.add(role)
        self.wait_until_ready()
        ended = [member.tail() for member in self.members if not member.is_running()]
        assert not ended, "\n".join(ended)

    def migrate(self) -> str:
        """`northstream migrate`, which must succeed; what it printed."""
        done = self.run("migrate")
        assert done.returncode == 0, done.stdout + done.stderr
        self._learn_keys()
        return done.stdout

    def _learn_keys(self) -> None:
        """Those of the settings, else those that the roles share in the data folder."""
        path = self.data_dir / "keys.json"
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self.write_key = self.settings.get("WRITE_KEY") or kept.get("write_key", "")
        self.secret_key = self.settings.get("SECRET_KEY") or kept.get("secret_key", "")

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the product on this cluster, to its end."""
        named = {f"NORTHSTREAM_{name}": value for name, value in (self.settings | settings).items()}
        return subprocess.run(
            command(*arguments), cwd=self.folder, env=plain_environment(**named), capture_output=True, text=True
        )

    def add(self, role: str, **settings: str) -> RoleProcess:
        """Start one more process of a role, without waiting for it."""
        number = 1 + sum(member.role == role for member in self.members)
        own = self.settings | settings
        port = 0
        if role == "warehouse":
            own = own | {"CLICKHOUSE_PORT": str(self.sql_port)}
        if role in _SERVING or self._with_health:
            port = free_ports(1)[0]
            own = own | {"PORT": str(port)}
        member = RoleProcess(role, number, self.folder, own, port)
        self.members.append(member)
        member.start()
        return member

    def of(self, role: str, number: int = 1) -> RoleProcess:
        """The process of a role, by its number from 1."""
        return [member for member in self.members if member.role == role][number - 1]

    def wait_until_ready(self) -> None:
        """Wait until every role that runs and has a port is ready."""
        for member in self.members:
            if member.port and member.is_running():
                member.wait_until_ready()

    def end(self) -> None:
        """Nothing of ours runs afterwards, whatever state it was in."""
        for member in reversed(self.members):
            member.end()
        if self._owns_kafka:
            self.kafka.stop()

    # Where it is asked

    @property
    def port(self) -> int:
        """Of the first collector."""
        return self.of("collector").port

    @property
    def sending_port(self) -> int:
        return self.port

    @property
    def reading_port(self) -> int:
        return self.of("boards").port
