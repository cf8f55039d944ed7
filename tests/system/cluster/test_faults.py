"""Whatever dies, freezes, comes, goes or is away: what was answered 200 is there once, and every number is right.

Looks from outside only: messages go in over HTTP; API and SQL are held against an independent reference.
"""

from pathlib import Path

import pytest
from system.cluster.faults import (
    FAULTS,
    Fault,
    add_worker,
    choose,
    freeze,
    kill_broker,
    kill_child,
    kill_role,
    remove_worker,
    roll_workers,
    take_broker_away,
)
from system.cluster.scenes import cluster_under_load, new_cluster, new_seed

SHORT = (
    Fault("kill of a process", 1, lambda scene: kill_child(scene, "worker")),
    Fault("kill of a role", 1, lambda scene: kill_role(scene, "collector")),
    Fault("freeze of a worker", 1, freeze),
    Fault("kill of a process", 1, lambda scene: kill_child(scene, "loader")),
    Fault("kill of a process", 1, lambda scene: kill_child(scene, "warehouse")),
    Fault("kill of the broker", 1, kill_broker),
    Fault("rolling restart of workers", 1, roll_workers),
    Fault("no broker", 1, lambda scene: take_broker_away(scene, 10)),
)
"""Each of these once, in an order of chance."""

KILLS = ("kill of a process", "kill of a role", "kill of the broker")
LONG_KILLS, LONG_FREEZES, LONG_OUTAGES = 50, 10, 2
OUTAGE_SECONDS = 60.0

STORM_ROLES = ("warehouse", "collector", "worker", "loader", "boards")
STORM_ROUNDS = 6


@pytest.mark.timeout(900)
def test_a_cluster_in_which_everything_fails_once_counts_every_message_once(tmp_path: Path) -> None:
    """Five kills, a freeze past the session, a rolling restart and ten seconds without a broker, under load."""
    with cluster_under_load(new_cluster(tmp_path), new_seed()) as (scene, checker):
        faults = scene.random.sample(SHORT, len(SHORT))
        for number, fault in enumerate(faults):
            scene.traffic.wait_for_more()
            scene.do(fault)
            if number % 3 == 2:
                checker.check()


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_a_storm_of_faults_changes_no_number(tmp_path: Path) -> None:
    """At least fifty kills, ten freezes and outages of a minute; everything is compared after each few of them."""
    with cluster_under_load(new_cluster(tmp_path), new_seed()) as (scene, checker):
        outage = Fault("no broker", 1, lambda scene: take_broker_away(scene, OUTAGE_SECONDS))
        while not _is_enough(scene.done):
            for _ in range(scene.random.randint(3, 12)):
                scene.traffic.wait_for_more()
                scene.do(choose(scene, (*FAULTS, outage) if scene.done["no broker"] < LONG_OUTAGES else FAULTS))
            checker.check()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_storm_of_workers_changes_no_number(tmp_path: Path) -> None:
    """Three workers, one, three again, and again: everybody's partitions move all the time, in good order and not."""
    with cluster_under_load(new_cluster(tmp_path), new_seed(), STORM_ROLES) as (scene, checker):
        for _ in range(STORM_ROUNDS):
            for change in (add_worker, add_worker, remove_worker, remove_worker):
                scene.traffic.wait_for_more()
                scene.do(Fault(change.__name__, 1, change))
            checker.check()


def _is_enough(done: dict[str, int]) -> bool:
    kills = sum(done[name] for name in KILLS)
    freezes = done["freeze of a worker"] + done["freeze of a loader"]
    return kills >= LONG_KILLS and freezes >= LONG_FREEZES and done["no broker"] >= LONG_OUTAGES
