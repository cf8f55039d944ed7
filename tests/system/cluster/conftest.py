"""Clusters for tests: most share the one broker of the run, each with topics of its own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers.shared import shared_kafka
from system.cluster.cluster import Cluster


def own_topics() -> dict[str, str]:
    """Settings of a cluster that shares its broker with others."""
    return {"KAFKA_PREFIX": f"test-{uuid.uuid4().hex[:8]}."}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of which nothing runs yet but the broker."""
    with Cluster(tmp_path, shared_kafka(), own_topics()) as empty:
        yield empty
