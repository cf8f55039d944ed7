"""When a role says that it is ready, and what it says while its warehouse stands still."""

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from brokers.shared import shared_kafka
from system.cluster.cluster import Cluster
from system.cluster.conftest import own_topics
from system.faces import OPENER, wait_until

pytestmark = pytest.mark.timeout(600)

LONG_SECONDS = 20.0
"""Far more than the five seconds that a read waits, far less than a statement may take."""


@pytest.mark.long
def test_workers_without_partitions_stand_by_and_a_frozen_warehouse_is_told(tmp_path: Path) -> None:
    """More workers than partitions are no trouble; a read does not wait for ever for a server that hangs."""
    settings = own_topics() | {"PARTITIONS": "1"}
    with Cluster(tmp_path, shared_kafka(), settings, with_health=True) as cluster:
        cluster.start("warehouse", "worker", "worker", "boards")
        cluster.of("warehouse").freeze()
        url = f"http://127.0.0.1:{cluster.of('boards').port}/api/metrics/dau"
        asked = Request(url, headers={"Authorization": f"Bearer {cluster.secret_key}"})
        with pytest.raises(HTTPError) as refusal:
            OPENER.open(asked, timeout=LONG_SECONDS)
        assert (refusal.value.code, refusal.value.headers["Retry-After"]) == (503, "1")
        wait_until(lambda: cluster.of("boards").status() == 503, "the boards are not ready without a warehouse")
        cluster.of("warehouse").thaw()
        cluster.wait_until_ready()
        assert cluster.get("/api/metrics/dau")["metric"] == "dau"
