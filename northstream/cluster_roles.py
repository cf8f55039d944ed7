"""What each role of a cluster needs before it starts: servers, keys, folder and ports.

Does not start anything: see `northstream.run_role`.
"""

from dataclasses import dataclass
from enum import StrEnum

from northstream.folder import ALERTER_LOCK_NAME, LOCK_NAME
from northstream.settings import Settings


class Port(StrEnum):
    """What a role listens on."""

    HTTP = "http"
    """`PORT`, always."""
    HTTP_IF_SET = "http if set"
    """`PORT`, for health and telemetry, only if somebody has set it."""
    SQL = "sql"
    """`CLICKHOUSE_PORT`; `PORT` for health and telemetry, only if somebody has set it."""


@dataclass(frozen=True, slots=True)
class Role:
    """`lock` is the file in the data folder that only one process tree may hold; empty: the role keeps nothing there.

    `serves_keys`: it checks the write key and the secret key of requests. `tells`: it tells receivers of alerts, and
    needs their secrets.
    """

    name: str
    meaning: str
    port: Port
    needs_kafka: bool = True
    needs_warehouse: bool = True
    needs_workspace: bool = True
    serves_keys: bool = False
    tells: bool = False
    lock: str = ""


ROLES = {
    role.name: role
    for role in (
        Role("collector", "takes events over HTTP", Port.HTTP, needs_warehouse=False, serves_keys=True),
        Role("worker", "counts people; as many as there are partitions", Port.HTTP_IF_SET),
        Role("loader", "carries events into the warehouse; others stand by", Port.HTTP_IF_SET, needs_workspace=False),
        Role("alerter", "judges alert rules and tells receivers", Port.HTTP_IF_SET, tells=True, lock=ALERTER_LOCK_NAME),
        Role("boards", "read API and pages", Port.HTTP, serves_keys=True),
        Role(
            "warehouse",
            "the embedded ClickHouse engine behind its HTTP interface",
            Port.SQL,
            needs_kafka=False,
            needs_warehouse=False,
            needs_workspace=False,
            lock=LOCK_NAME,
        ),
    )
}


def missing_servers(settings: Settings, kafka: bool = True, warehouse: bool = True) -> list[str]:
    """Sentences about servers that are needed and not named."""
    problems = []
    if kafka and not settings.kafka:
        problems.append("Kafka is needed: set NORTHSTREAM_KAFKA to its brokers, such as kafka:9092")
    if warehouse and not settings.clickhouse_url:
        problems.append("a warehouse is needed: set NORTHSTREAM_CLICKHOUSE_URL, such as http://clickhouse:8123")
    return problems
