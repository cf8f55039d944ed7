"""What others write into our topics stays aside: it stops nothing, hides nothing and is to be seen.

Produced with a Kafka client straight into the topic, as a wrong program would.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from brokers.shared import shared_kafka
from kafka import KafkaProducer
from system.cluster.checking import Checker
from system.cluster.cluster import Cluster
from system.cluster.conftest import own_topics
from system.cluster.faults import Scene
from system.cluster.scenes import cluster_under_load, new_cluster, new_seed
from system.faces import wait_until

ROLES = ("warehouse", "collector", "worker", "worker", "loader", "boards")
PARTITIONS = 4
FLOOD = 150
"""More than 100 of 1,000 records, which is what is left behind."""

OURS = [
    ("kind", b"events"),
    ("count", b"1"),
    ("version", b"1"),
    ("flagged", b"0"),
    ("collector", b"somebody"),
    ("sequence", b"1"),
]

FOREIGN: tuple[tuple[str, bytes | None, list[tuple[str, bytes]]], ...] = (
    ("no headers", b'{"order": 17}', []),
    ("nothing at all", None, []),
    ("bytes that are no text", b"\x00\xff\xfe" * 20, []),
    ("headers of another program", b"text", [("content-type", b"text/plain")]),
    ("a count that is no number", b"{}", [(name, b"-1" if name == "count" else value) for name, value in OURS]),
    ("a kind that is none", b"{}", [(name, b"orders" if name == "kind" else value) for name, value in OURS]),
    ("our headers over rubbish", b"no JSON\n", OURS),
)


def produce(cluster: Cluster, records: list[tuple[int, bytes | None, list[tuple[str, bytes]]]]) -> None:
    """Into `events`: partition, value, headers."""
    producer = KafkaProducer(bootstrap_servers=cluster.kafka.address, acks="all")
    try:
        for partition, value, headers in records:
            topic = f"{cluster.settings['KAFKA_PREFIX']}events"
            producer.send(topic, value, b"key", headers, partition).get(timeout=30)
    finally:
        producer.close()


def dead_letters(cluster: Cluster) -> list[list[Any]]:
    """What was put aside, with its place."""
    return cluster.sql("SELECT raw, raw_encoding, violations FROM northstream.quarantine WHERE message_id = ''")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_foreign_records_are_left_behind_and_visible(tmp_path: Path) -> None:
    """Of every kind, in every partition: what lies around them is counted; they are in quarantine with their place."""
    cluster = new_cluster(tmp_path, shared_kafka(), own_topics())
    with cluster_under_load(cluster, new_seed(), ROLES) as (scene, checker):
        records = [(partition, value, headers) for partition in range(PARTITIONS) for _, value, headers in FOREIGN]
        scene.random.shuffle(records)
        for one in records:
            scene.traffic.wait_for_more(1)
            produce(cluster, [one])
        scene.tell(f"produced {len(records)} foreign records")
        see(scene, checker, records)


def see(scene: Scene, checker: Checker, records: list[Any]) -> None:
    scene.traffic.pause()
    scene.cluster.settle()
    kept = dead_letters(scene.cluster)
    scene.tell(f"{len(kept)} dead letters")
    places = {json.loads(row[2])[0]["property"] for row in kept}
    assert len(places) == len(records), sorted(places)
    checker.unreadable = sum(headers == OURS for _, _, headers in records)
    scene.traffic.resume()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_flood_of_foreign_records_stops_the_roles_by_name_and_skips_nothing(tmp_path: Path) -> None:
    """A wrong release must not drain the topic: worker and loader end and say why, until the limit is raised."""
    cluster = new_cluster(tmp_path, shared_kafka(), own_topics())
    with cluster_under_load(cluster, new_seed(), ROLES) as (scene, _):
        scene.traffic.wait_for_more()
        produce(cluster, [(0, b"flood", []) for _ in range(FLOOD)])
        wait_until(lambda: said(cluster, "worker", "cannot be read"), "a worker says why it ends")
        wait_until(lambda: said(cluster, "loader", "none of ours"), "the loader says why it ends")
        scene.tell("worker and loader ended by name")
        scene.traffic.wait_for_more()
        cluster.settings["POISON_LIMIT"] = str(2 * FLOOD)
        for member in [*scene.running("worker"), *scene.running("loader")]:
            member.kill()
            scene.removed.append(member)
            cluster.add(member.role)
        scene.tell("started again with a higher limit")


def said(cluster: Cluster, role: str, words: str) -> bool:
    return any(words in member.text() for member in cluster.members if member.role == role)
