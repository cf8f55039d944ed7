"""The group is told how far the checkpoints are, and where the brokers are found."""

import asyncio
from types import SimpleNamespace

import pytest
from faust.types import TP

from schemas.topics import Topic
from stream.kafka.commits import CommitsStopped, GroupCommits
from stream.kafka.transport import kafka_broker


class Consumer:
    """Faust's, as far as commits go: answers are taken from `answers`, then all is well."""

    def __init__(self, answers: list[bool]) -> None:
        self.answers = answers
        self.committed: list[dict[TP, int]] = []
        self.assigned = {TP("events", 0)}

    def assignment(self) -> set[TP]:
        return self.assigned

    async def _commit_offsets(self, offsets: dict[TP, int]) -> bool:
        self.committed.append(offsets)
        return self.answers.pop(0) if self.answers else True


class Rig:
    """Commits that are tried again at once, and a clock that is moved by hand."""

    def __init__(self, answers: list[bool]) -> None:
        self.now = 0.0
        self.consumer = Consumer(answers)
        app = SimpleNamespace(topic_prefix="", consumer=self.consumer)
        self.commits = GroupCommits(app, limit_seconds=60, pause_seconds=0, clock=lambda: self.now)
        self.running = asyncio.ensure_future(self.commits.run())

    async def note(self, offset: int) -> None:
        await self.commits.note({(Topic.EVENTS, 0): offset})
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_commits_that_stop_while_checkpoints_go_on_end_the_worker() -> None:
    """Processing would go on for ever, and nobody could tell the lag."""
    rig = Rig([False] * 1000)
    await rig.note(1)
    rig.now = 60.0
    await rig.note(2)
    rig.now = 61.0
    with pytest.raises(CommitsStopped):
        await rig.note(3)
    rig.running.cancel()


async def test_a_refused_commit_is_tried_again_by_itself() -> None:
    """One that met a rebalance, before a quiet night: nothing is wrong in the morning."""
    rig = Rig([False])
    await rig.note(1)
    assert rig.consumer.committed == [{TP("events", 0): 1}] * 2
    rig.now = 10_000.0
    await rig.note(2)
    assert rig.consumer.committed[-1] == {TP("events", 0): 2}
    rig.running.cancel()


async def test_offsets_of_partitions_that_others_have_now_are_left_to_them() -> None:
    """They are refused for ever, which is no sign of a sick consumer."""
    rig = Rig([False] * 1000)
    rig.consumer.assigned = set()
    await rig.note(1)
    rig.now = 10_000.0
    await rig.note(2)
    assert rig.consumer.committed == []
    rig.running.cancel()


def test_several_brokers_make_one_address() -> None:
    """Each host gets the scheme of our transport."""
    assert kafka_broker("a:1, b:2") == "northstream-kafka://a:1;northstream-kafka://b:2"
