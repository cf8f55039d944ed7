"""A whole cluster under load for tests that break it: started, watched, checked in the end, its logs kept.

Does not break anything: see `faults`.
"""

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from brokers.kafka import KafkaCluster
from brokers.shared import require_kafka
from system.cluster.checking import Checker, none_of
from system.cluster.cluster import Cluster
from system.cluster.faults import Scene
from system.cluster.traffic import Traffic
from system.cluster.watching import Watch

ROLES = ("warehouse", "collector", "collector", "worker", "worker", "loader", "loader", "alerter", "boards")


def new_seed() -> int:
    """Another one each time, told so that a failure can be looked into; that of `FAULTS_SEED` if it is set."""
    chosen = int(os.environ.get("FAULTS_SEED") or time.time_ns() % 1_000_000)
    print(f"seed {chosen}")
    return chosen


@contextmanager
def cluster_under_load(
    cluster: Cluster, seed: int, roles: tuple[str, ...] = ROLES, clients: int = 4
) -> Iterator[tuple[Scene, Checker]]:
    """Start the cluster and the clients. After the block everything is checked once more, and what was watched."""
    print(f"logs of all roles: {cluster.folder}")
    with cluster:
        cluster.start(*roles)
        ports = [member.port for member in cluster.members if member.role == "collector"]
        with Traffic(lambda: ports, (cluster.write_key, cluster.secret_key), seed, clients) as traffic:
            scene = Scene(cluster, traffic, random.Random(seed))
            scene.tell("the cluster is ready")
            checker = Checker(cluster, traffic)
            with Watch(cluster) as watch:
                yield scene, checker
                checker.check(is_last=True)
            none_of("moments of completeness that cannot be", watch.found())
            ended = [
                member.name for member in cluster.members if member not in scene.removed and not member.is_running()
            ]
            none_of("roles that ended by themselves", ended)
            scene.tell(f"{watch}; done {dict(scene.done)}; {checker.figures}")


def new_cluster(folder: Path, kafka: KafkaCluster | None = None, settings: Mapping[str, str] | None = None) -> Cluster:
    """Not started; skips the test if no broker can run here."""
    require_kafka()
    return Cluster(folder, kafka, settings)
