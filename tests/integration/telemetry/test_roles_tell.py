"""Every role of a cluster on a real Kafka tells of itself; the traces of appends travel with the records."""

from collections.abc import Iterator
from urllib.request import Request

import pytest
from brokers.shared import shared_kafka
from integration.telemetry.receiver import Receiver, receiving
from integration.telemetry.told import declared, described, labels_are_declared
from kafka import KafkaConsumer, TopicPartition
from system.cluster.cluster import Cluster
from system.faces import OPENER, wait_until

from schemas import telemetry as names

PREFIX = "telemetry."
TOLD_BY = {
    "collector": (names.EveryProcess, names.Collector),
    "worker": (names.EveryProcess, names.Worker),
    "loader": (names.EveryProcess, names.Loader),
    "alerter": (names.EveryProcess, names.Alerter),
    "boards": (names.EveryProcess, names.Api, names.Measuring),
    "warehouse": (names.EveryProcess, names.Sql),
}
"""What each role tells, besides what every process does."""

ONLY_WHERE_WATCHED = {names.Watch}
"""Told where events of the self-watch are sent: see test_up_tells.py."""

ONLY_BEFORE_AN_ENGINE = {names.Collector.ENGINE_UP.name}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def cluster(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that has taken one event, settled, and sends its spans to the receiver."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        settings = {"KAFKA_PREFIX": PREFIX, "PARTITIONS": "2"}
        folder = tmp_path_factory.mktemp("cluster")
        with Cluster(folder, shared_kafka(), settings, with_health=True) as cluster:
            cluster.start("warehouse", "collector", "worker", "loader", "alerter", "boards")
            cluster.send({"batch": [{"type": "track", "event": "Account Created", "userId": "u1"}]})
            cluster.settle()
            yield cluster


def page_of(cluster: Cluster, role: str) -> str:
    request = Request(
        f"http://127.0.0.1:{cluster.of(role).port}/metrics", headers={"Authorization": f"Bearer {cluster.secret_key}"}
    )
    with OPENER.open(request) as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return str(answer.read(), "utf-8")


@pytest.mark.parametrize("role", TOLD_BY)
def test_a_role_tells_what_is_declared_for_it(cluster: Cluster, role: str) -> None:
    """And nothing else, so that alert rules know where to look."""
    expected = {name: kind for name, kind in declared(*TOLD_BY[role]).items() if name not in ONLY_BEFORE_AN_ENGINE}
    # On a busy machine what asks servers may be late, and is on a later page.
    wait_until(lambda: described(page_of(cluster, role)) == expected, "all that is declared and no more")
    page = page_of(cluster, role)
    assert labels_are_declared(page)
    assert f'role="{role}"' in page


def test_every_group_of_names_is_told_by_some_role() -> None:
    """A name that nobody tells would make alert rules that never fire."""
    assert {group for groups in TOLD_BY.values() for group in groups} == set(names.GROUPS) - ONLY_WHERE_WATCHED


def test_one_worker_has_all_partitions_and_lags_nowhere(cluster: Cluster) -> None:
    """What an operator looks at first."""
    assert "northstream_worker_assigned_partitions 2.0" in page_of(cluster, "worker").splitlines()
    wait_until(lambda: lags_of(page_of(cluster, "worker")) == ["0.0"] * 4, "the lag of two topics")
    wait_until(lambda: "northstream_lag_events 0.0" in page_of(cluster, "boards").splitlines(), "no lag at all")


def lags_of(page: str) -> list[str]:
    return [line.split()[1] for line in page.splitlines() if line.startswith("northstream_worker_lag_records{")]


def test_records_carry_the_trace_of_their_append(cluster: Cluster, receiver: Receiver) -> None:
    """Whoever else reads the topics can go on with it; the header is that of W3C."""
    wait_until(lambda: bool(receiver.named("append")), "the span of the append")
    consumer = KafkaConsumer(bootstrap_servers=cluster.kafka.address)
    try:
        partitions = [TopicPartition(f"{PREFIX}events", number) for number in range(2)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        found: list[dict[str, bytes]] = []
        wait_until(lambda: bool(found) or read_into(found, consumer), "the record")
    finally:
        consumer.close()
    [append] = receiver.named("append")
    assert found[0]["traceparent"].startswith(f"00-{append.trace}-{append.span}-".encode())


def read_into(found: list[dict[str, bytes]], consumer: KafkaConsumer) -> bool:
    for records in consumer.poll(500).values():
        found += [dict(record.headers) for record in records]
    return bool(found)


@pytest.mark.parametrize(
    ("service", "span"),
    [("worker", "publish"), ("worker", "checkpoint"), ("loader", "load"), ("alerter", "evaluate"), ("boards", "GET ")],
)
def test_each_role_makes_spans_of_its_work(cluster: Cluster, receiver: Receiver, service: str, span: str) -> None:
    """Each under a name of its own."""

    def is_there() -> bool:
        return any(one.name.startswith(span) for one in receiver.spans if one.service == f"northstream-{service}")

    wait_until(is_there, f"the span {span} of the {service}")
