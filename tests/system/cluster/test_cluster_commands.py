"""Commands beside a running cluster: doctor looks at all of it, audit finds and repairs what is wrong."""

from collections.abc import Iterator

import pytest
from brokers.shared import shared_kafka
from system.cluster.cluster import Cluster
from system.cluster.conftest import own_topics

_STREAMED_POINTS = (
    "SELECT metric, day, value FROM northstream.metric_points WHERE metric IN ('dau', 'wau', 'mau', 'stickiness',"
    " 'signups', 'activated', 'activations', 'activation_rate') ORDER BY metric, day"
)
"""Those that a replay makes anew; the others are computed beside it, each in its time."""

pytestmark = pytest.mark.timeout(600)
"""Many processes start; on a busy machine that takes minutes."""


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with a day's signups."""
    with Cluster(tmp_path_factory.mktemp("commands"), shared_kafka(), own_topics()) as cluster:
        cluster.start("warehouse", "collector", "worker", "loader", "boards")
        cluster.settings["BOARDS_URL"] = f"http://127.0.0.1:{cluster.of('boards').port}"
        batch = [
            {"type": "track", "event": "Account Created", "userId": f"u{number}", "messageId": f"m{number}"}
            for number in range(20)
        ]
        cluster.send({"batch": batch})
        cluster.settle()
        yield cluster


def test_doctor_finds_a_cluster_well(standing: Cluster) -> None:
    """Brokers, topics, warehouse, clocks, roles: each is told, and exit code 0."""
    done = standing.run("doctor", PORT=str(standing.port))
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "Kafka answers at",
        "topics of 4 partitions",
        "1 collectors have been heard of",
        "the warehouse answers at",
        "the clocks of this machine and the warehouse agree",
        "all migrations are applied",
        "the warehouse counts by this workspace",
        f"what runs at http://127.0.0.1:{standing.port} is ready",
        "0 events lag",
    ):
        assert words in done.stdout
    assert "problem" not in done.stdout


def test_doctor_says_what_to_do_about_each_problem(standing: Cluster) -> None:
    """Exit code 1, and no trace."""
    done = standing.run("doctor", KAFKA_PREFIX="nobody.", CLICKHOUSE_PASSWORD="wrong", BOARDS_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "problem  Kafka has no topic nobody.events" in done.stdout
    assert "run `northstream migrate`" in done.stdout
    assert "refuses the user northstream_writer; check NORTHSTREAM_CLICKHOUSE_USER" in done.stdout
    assert "problem  no boards answer at http://127.0.0.1:9" in done.stdout
    assert "Traceback" not in done.stderr


def test_audit_of_a_cluster_finds_no_difference(standing: Cluster) -> None:
    """Every published number against its recount from the stored events."""
    done = standing.run("audit")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "numbers compared, no difference" in done.stdout


def test_replay_of_a_cluster_changes_no_number_and_its_worker_goes_on(standing: Cluster) -> None:
    """Rebuilt from the stored events beside a running worker, which stands back and comes again by itself."""
    before = standing.sql(_STREAMED_POINTS)
    done = standing.run("replay")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the new numbers are served" in done.stdout
    assert standing.sql(_STREAMED_POINTS) == before
    standing.send({"batch": [{"type": "track", "event": "Account Created", "userId": "later", "messageId": "later"}]})
    standing.settle()
    assert standing.run("audit").returncode == 0
    assert standing.sql("SELECT sum(signups) FROM northstream.activation") == [[21]]


@pytest.mark.long
def test_doctor_and_audit_say_when_nobody_counts(standing: Cluster) -> None:
    """Numbers that agree with each other are no good sign while events wait."""
    worker = standing.of("worker")
    assert worker.terminate() == 0
    standing.send({"batch": [{"type": "track", "event": "Account Created", "userId": "waits", "messageId": "waits"}]})
    doctor = standing.run("doctor", PORT=str(standing.port))
    assert doctor.returncode == 1
    assert "1 events lag, and nobody counts or loads them" in doctor.stdout
    audit = standing.run("audit")
    assert audit.returncode == 2
    assert "1 events wait, and nobody counts or loads them" in audit.stderr
    worker.start()
    standing.settle()
    assert standing.run("audit").returncode == 0
