"""A warehouse that answers late, wrongly, in half, or not at all loses and doubles nothing.

Every role reaches it through a proxy that does these things; the tests read past it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from brokers.faulty_proxy import Fault, FaultyProxy
from brokers.shared import shared_kafka
from system.cluster.checking import Checker
from system.cluster.conftest import own_topics
from system.cluster.faults import Scene
from system.cluster.scenes import cluster_under_load, new_cluster, new_seed
from system.faces import wait_until

ROLES = ("warehouse", "collector", "worker", "worker", "loader", "boards")

WRITTEN = (
    "events",
    "identity_links",
    "load_ranges",
    "claims",
    "counters",
    "counter_heads",
    "people",
    "funnel_entries",
    "overrides",
    "restatement_rows",
    "checkpoint_headers",
)
"""Tables that the roles write all the time (claims: whenever partitions move)."""

ONCE = (Fault.CUT_AFTER, Fault.ERROR_AFTER, Fault.CUT_WITHIN_REQUEST, Fault.CUT_WITHIN_ANSWER, Fault.ERROR)
"""What happens to single inserts: done and not told, told and not done, half."""

MODES = (Fault.LATE, Fault.ERROR, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.REFUSE)
"""What happens to everything for a while."""

SPOILT_SECONDS = 4.0
HANGING_SECONDS = 900.0
"""An insert that hangs is given up after a minute, and one role after the other meets several."""


@contextmanager
def under_load(folder: Path, clients: int = 4) -> Iterator[tuple[Scene, Checker, FaultyProxy]]:
    """A cluster whose roles reach the warehouse through a proxy."""
    cluster = new_cluster(folder, shared_kafka(), own_topics())
    with FaultyProxy("127.0.0.1", cluster.sql_port) as proxy:
        cluster.settings["CLICKHOUSE_URL"] = proxy.url
        with cluster_under_load(cluster, new_seed(), ROLES, clients) as (scene, checker):
            yield scene, checker, proxy


def spoil_inserts(scene: Scene, proxy: FaultyProxy, table: str, fault: Fault) -> None:
    """The next insert into the table is spoilt."""
    proxy.fail_next(fault, match=rf"INSERT INTO northstream\.`?{table}\b")
    if table == "claims":
        scene.one("worker").kill_child()
    scene.done[f"{fault} of an insert"] += 1
    scene.tell(f"the next insert into {table} is {fault}")


def spoil_all(scene: Scene, proxy: FaultyProxy, fault: Fault) -> None:
    """Everything is spoilt for a while, in which the clients go on."""
    met = proxy.seen[fault]
    proxy.mode = fault
    time.sleep(SPOILT_SECONDS)
    scene.traffic.wait_for_more()
    proxy.mode = Fault.NONE
    scene.done[f"{fault} for a while"] += 1
    scene.tell(f"everything was {fault!s}, {proxy.seen[fault] - met} requests")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_spoilt_inserts_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    """Done but not answered, answered with an error though done, half received; then everything for a while."""
    with under_load(tmp_path) as (scene, checker, proxy):
        for table in ("events", *scene.random.sample(WRITTEN[1:], 2)):
            spoil_inserts(scene, proxy, table, scene.random.choice(ONCE))
        wait_until(lambda: proxy.pending == 0, "every insert that was to be spoilt has been", seconds=300)
        scene.tell(f"spoilt {dict(proxy.seen)}")
        checker.check()
        spoil_all(scene, proxy, scene.random.choice(MODES))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_way_to_spoil_every_table_changes_no_number(tmp_path: Path) -> None:
    """All tables in all ways, and everything in every way for a while, hanging included."""
    # What hangs takes minutes, in which more clients would send more than can be compared in one answer.
    with under_load(tmp_path, clients=1) as (scene, checker, proxy):
        checker.settle_seconds = HANGING_SECONDS
        for fault in (*ONCE, Fault.HANG, Fault.HANG_AFTER):
            for table in WRITTEN:
                spoil_inserts(scene, proxy, table, fault)
            wait_until(lambda: proxy.pending == 0, f"every insert was spoilt: {fault!s}", seconds=600)
            scene.tell(f"spoilt {dict(proxy.seen)}")
            checker.check()
        for fault in MODES:
            spoil_all(scene, proxy, fault)
            checker.check()
