"""Partitions are only given out once the broker names them."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from stream.kafka.assignor import KnownTopicsAssignor, TopicsUnknown


class _App:
    """What the assignor asks of the app: its name, its loop, and its end."""

    id = "northstream.stream"
    crashed: Any = None

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()

    async def crash(self, error: Exception) -> None:
        self.crashed = error
        self.ended.set()


async def test_topics_that_the_broker_does_not_know_yet_end_the_worker() -> None:
    """Otherwise nobody would get any partition, and nobody would ask again."""
    app = _App()
    assignor = KnownTopicsAssignor.__new__(KnownTopicsAssignor)
    assignor.app = app
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: {0, 1} if topic == "handoffs" else None)
    members = {"one": SimpleNamespace(subscription=["events", "handoffs"])}
    with pytest.raises(TopicsUnknown, match="events yet"):
        assignor.assign(cluster, members)
    await app.ended.wait()
    assert isinstance(app.crashed, TopicsUnknown)
