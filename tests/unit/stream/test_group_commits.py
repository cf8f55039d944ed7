"""The group is told how far the checkpoints are, and where the brokers are found."""

from types import SimpleNamespace

import pytest

from schemas.topics import Topic
from stream.kafka.commits import CommitsStopped, GroupCommits
from stream.kafka.transport import kafka_broker


async def test_commits_that_stop_while_checkpoints_go_on_end_the_worker() -> None:
    """Processing would go on for ever, and nobody could tell the lag."""
    now = 0.0
    commits = GroupCommits(SimpleNamespace(topic_prefix=""), limit_seconds=60, clock=lambda: now)
    await commits.note({(Topic.EVENTS, 0): 1})
    now = 60.0
    await commits.note({(Topic.EVENTS, 0): 2})
    now = 61.0
    with pytest.raises(CommitsStopped):
        await commits.note({(Topic.EVENTS, 0): 3})


def test_several_brokers_make_one_address() -> None:
    """Each host gets the scheme of our transport."""
    assert kafka_broker("a:1, b:2") == "northstream-kafka://a:1;northstream-kafka://b:2"
