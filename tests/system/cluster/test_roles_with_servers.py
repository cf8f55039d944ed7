"""Roles and their servers: late ones are waited for, wrong ones are told, lost ones come back, others take over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from brokers.kafka import Kafka
from brokers.shared import require_kafka, shared_kafka
from system.cluster.cluster import Cluster
from system.cluster.conftest import own_topics
from system.cluster.role_process import RoleProcess
from system.faces import wait_until
from system.installation import is_alive, run

pytestmark = pytest.mark.timeout(600)
"""Many processes start; on a busy machine that takes minutes."""


def signup(user: str) -> dict[str, Any]:
    return {"batch": [{"type": "track", "event": "Account Created", "userId": user, "messageId": f"m-{user}"}]}


def stored(cluster: Cluster) -> set[str]:
    return {row[0] for row in cluster.sql("SELECT message_id FROM northstream.events_resolved")}


@pytest.mark.long
def test_servers_may_come_after_the_roles_and_go_again(tmp_path: Path) -> None:
    """Without Kafka, warehouse, topics or tables each role says what it misses, and then does its work."""
    require_kafka()
    kafka = Kafka(tmp_path / "kafka")
    with Cluster(tmp_path, kafka) as cluster:
        try:
            for role in ("collector", "worker", "loader", "boards"):
                cluster.add(role).wait_for_text("waiting: ")
            assert cluster.of("collector").status() == 503
            kafka.start()
            cluster.of("collector").wait_for_text("run `northstream migrate`")
            cluster.add("warehouse")
            cluster.of("boards").wait_for_text("run `northstream migrate`")
            printed = cluster.migrate()
            assert "made the topic northstream.events" in printed
            assert "applied the migration 0001 tables" in printed
            cluster.wait_until_ready()
            cluster.send(signup("early"))
            cluster.settle()
            assert stored(cluster) == {"m-early"}
            kafka.kill()
            wait_until(lambda: cluster.of("collector").status() == 503, "the collector is not ready without Kafka")
            with pytest.raises(HTTPError) as refusal:
                cluster.send(signup("refused"))
            assert (refusal.value.code, refusal.value.headers["Retry-After"]) == (503, "1")
            kafka.start()
            cluster.wait_until_ready()
            cluster.send(signup("late"))
            cluster.settle()
            # What was refused may have been stored: nothing was promised.
            assert {"m-early", "m-late"} <= stored(cluster)
            assert all("ended with code" not in member.text() for member in cluster.members)
        finally:
            cluster.end()
            kafka.stop()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that runs; each test leaves it running."""
    with Cluster(tmp_path_factory.mktemp("standing"), shared_kafka(), own_topics()) as cluster:
        cluster.start("warehouse", "collector", "worker", "loader", "loader", "boards")
        yield cluster


def test_migrate_may_run_again(standing: Cluster) -> None:
    """Nothing is made twice, nothing disturbed."""
    printed = standing.migrate()
    assert printed.splitlines() == [
        f"the topics {standing.settings['KAFKA_PREFIX']}* are there",
        "the tables are there",
        "the warehouse follows this workspace",
    ]


@pytest.mark.parametrize(
    ("role", "settings", "sentence"),
    [
        ("worker", {"CLICKHOUSE_PASSWORD": "wrong"}, "refuses the user northstream_writer"),
        ("loader", {"CLICKHOUSE_USER": "somebody"}, "refuses the user somebody"),
        ("boards", {"WORKSPACE": "other"}, "the warehouse counts by another workspace than this one"),
    ],
)
def test_what_is_there_but_wrong_is_told_at_once(
    standing: Cluster, role: str, settings: dict[str, str], sentence: str
) -> None:
    """Exit code 2 and a sentence: waiting would not mend it."""
    other = standing.folder / "other"
    if not other.exists():
        assert run("init", "other", cwd=standing.folder).returncode == 0
        main = other / "workspace.yaml"
        main.write_text(main.read_text().replace("timezone: UTC", "timezone: Europe/Paris"))
    done = standing.run("run", role, PORT="0", **settings)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_another_number_of_partitions_is_told(standing: Cluster) -> None:
    """It is fixed for a log's life: a person would come to lie in two partitions."""
    done = standing.run("migrate", PARTITIONS="6")
    assert done.returncode == 2
    assert "has 4 partitions, not 6" in done.stderr
    assert "NORTHSTREAM_PARTITIONS=4" in done.stderr


def test_another_log_is_not_counted_in_the_same_warehouse(standing: Cluster) -> None:
    """People would be counted once more, in other partitions; and a worker would take those of the others away."""
    other = {"KAFKA_PREFIX": "another-log.", "PARTITIONS": "2"}
    for command in (("migrate",), ("run", "worker"), ("run", "loader"), ("run", "boards")):
        done = standing.run(*command, PORT="0", **other)
        assert done.returncode == 2
        assert f"the warehouse counts the topics {standing.settings['KAFKA_PREFIX']}* with 4 partitions" in done.stderr


def test_topics_of_another_prefix_are_missing(standing: Cluster) -> None:
    """The role names what is not there, and who makes it."""
    settings = standing.settings | {"KAFKA_PREFIX": "nobody-has-made."}
    worker = RoleProcess("worker", 9, standing.folder, settings)
    worker.start()
    try:
        worker.wait_for_text("Kafka has no topic nobody-has-made.events")
        worker.wait_for_text("run `northstream migrate`")
        assert worker.terminate() == 0
    finally:
        worker.end()


def leading_loader(cluster: Cluster) -> RoleProcess:
    """The loader that said last that it leads."""
    loaders = [cluster.of("loader", number) for number in (1, 2)]

    def leads(loader: RoleProcess) -> bool:
        said = loader.text()
        return loader.is_running() and said.rfind("this process leads") > said.rfind("this process stands by")

    wait_until(lambda: any(leads(loader) for loader in loaders), "a loader leads")
    return next(loader for loader in loaders if leads(loader))


def test_another_loader_takes_over(standing: Cluster) -> None:
    """One loads, the other stands by; `kill -9` of the first costs nothing but a session's time."""
    first = leading_loader(standing)
    standing.send(signup("before"))
    standing.settle()
    first.kill()
    standing.send(signup("after"))
    standing.settle()
    assert {"m-before", "m-after"} <= stored(standing)
    first.start()


def test_boards_that_are_killed_come_back(standing: Cluster) -> None:
    """Without anybody's hand: the supervisor starts them again, on the same port."""
    boards = standing.of("boards")
    before = boards.kill_child()
    wait_until(lambda: not is_alive(before) and boards.child != before, "another process of the boards")
    boards.wait_until_ready()
    standing.settle()


def test_reads_wait_for_the_warehouse_and_sends_do_not(standing: Cluster) -> None:
    """Up to five seconds, then 503; what was answered 200 meanwhile is counted once it is back."""
    warehouse = standing.of("warehouse")
    warehouse.kill()
    standing.send(signup("meanwhile"))
    with pytest.raises(HTTPError) as refusal:
        standing.get("/api/metrics/dau?from=2026-01-01&to=2026-01-02")
    assert (refusal.value.code, refusal.value.headers["Retry-After"]) == (503, "1")
    warehouse.start()
    standing.settle()
    assert "m-meanwhile" in stored(standing)


def test_all_roles_end_with_0(standing: Cluster) -> None:
    """SIGTERM drains each, in any order."""
    for member in standing.members:
        assert member.terminate() == 0, member.name
    for member in standing.members:
        if member.role != "warehouse":
            assert "has not finished within" not in member.text()
