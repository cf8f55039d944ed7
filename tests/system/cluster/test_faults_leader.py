"""Three brokers, one of which goes: others lead its partitions, and no acknowledged message is on it alone."""

from pathlib import Path

import pytest
from brokers.kafka import KafkaCluster
from brokers.shared import require_kafka
from kafka import KafkaAdminClient
from system.cluster.faults import Scene
from system.cluster.scenes import cluster_under_load, new_cluster, new_seed

ROLES = ("warehouse", "collector", "worker", "worker", "loader", "boards")
TOPIC = "northstream.events"
ROUNDS = 3


def leader_of(brokers: str, partition: int) -> int:
    """The number of the node that leads a partition of `events`."""
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        partitions = admin.describe_topics([TOPIC])[0]["partitions"]
        leaders = {one["partition_index"]: one["leader_id"] for one in partitions}
        return int(leaders[partition])
    finally:
        admin.close()


def kill_a_leader(scene: Scene, kafka: KafkaCluster) -> None:
    """`kill -9` of the node that leads some partition; it comes back when the others have gone on without it."""
    partition = scene.random.randrange(4)
    number = leader_of(kafka.address, partition)
    node = kafka.nodes[number - 1]
    node.kill()
    scene.tell(f"killed node {number}, which led {TOPIC}/{partition}")
    scene.traffic.wait_for_more(60)
    scene.tell("load flows without it")
    node.start()
    node.wait_until_ready(len(kafka.nodes))
    scene.done["kill of a leading broker"] += 1


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_partition_whose_leader_is_gone_goes_on_elsewhere(tmp_path: Path) -> None:
    """Kept by three, acknowledged by all in sync: losing any one of them loses nothing and stops nothing for long."""
    require_kafka()
    kafka = KafkaCluster(tmp_path / "kafka", nodes=3)
    try:
        kafka.start()
        cluster = new_cluster(tmp_path, kafka, {"KAFKA_REPLICATION": "3"})
        with cluster_under_load(cluster, new_seed(), ROLES) as (scene, checker):
            for _ in range(ROUNDS):
                scene.traffic.wait_for_more()
                kill_a_leader(scene, kafka)
                checker.check()
    finally:
        kafka.stop()
