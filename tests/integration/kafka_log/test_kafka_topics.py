"""Topics on a real broker: made once, checked, never altered."""

import uuid

import pytest
from brokers.shared import shared_kafka
from kafka import KafkaAdminClient

from stream.kafka.topics import TooFewBrokers, TopicsMissing, TopicsWrong, check_topics, declare_topics

HOUR_MS = 3_600_000


def fresh_prefix() -> str:
    return f"test-{uuid.uuid4()}."


def test_topics_are_made_once_and_then_found() -> None:
    """The second call makes nothing; the check says how many partitions there are."""
    brokers, prefix = shared_kafka().address, fresh_prefix()
    made = declare_topics(brokers, prefix, 3, 1, HOUR_MS)
    assert made == [prefix + name for name in ("events", "handoffs", "quarantine", "collectors")]
    assert declare_topics(brokers, prefix, 3, 1, HOUR_MS) == []
    assert check_topics(brokers, prefix) == 3


def test_topics_that_are_missing_are_named_with_what_makes_them() -> None:
    """Roles say so at start."""
    prefix = fresh_prefix()
    with pytest.raises(TopicsMissing, match=rf"{prefix}handoffs.*run `northstream migrate` first"):
        check_topics(shared_kafka().address, prefix)


def test_everything_that_is_asked_for_and_not_so_is_said_at_once() -> None:
    """Partitions, copies and retention, for each topic; and nothing was altered."""
    brokers, prefix = shared_kafka().address, fresh_prefix()
    declare_topics(brokers, prefix, 3, 1, HOUR_MS)
    with pytest.raises(TopicsWrong) as refused:
        declare_topics(brokers, prefix, 4, 1, 2 * HOUR_MS)
    for topic in ("events", "handoffs", "quarantine"):
        assert f"{prefix}{topic} has 3 partitions, not 4" in str(refused.value)
        assert f"{prefix}{topic} has retention.ms={HOUR_MS}, not {2 * HOUR_MS}" in str(refused.value)
    assert declare_topics(brokers, prefix, 3, 1, HOUR_MS) == []


def test_foreign_topics_of_our_name_are_refused() -> None:
    """A compacted topic would lose records, unequal partitions would part people from their hand-offs."""
    brokers, prefix = shared_kafka().address, fresh_prefix()
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    compacted = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
    admin.create_topics(
        {
            prefix + "events": {"num_partitions": 3, "replication_factor": 1, "configs": compacted},
            prefix + "handoffs": {"num_partitions": 2, "replication_factor": 1},
        },
        wait_for_metadata=True,
    )
    with pytest.raises(TopicsMissing, match="quarantine"):
        check_topics(brokers, prefix)
    with pytest.raises(TopicsWrong) as refused:
        declare_topics(brokers, prefix, 3, 1, HOUR_MS)
    assert f"{prefix}events has cleanup.policy=compact, not delete" in str(refused.value)
    assert f"{prefix}handoffs has 2 partitions, not 3" in str(refused.value)
    assert "quarantine has" not in str(refused.value)
    found = {topic["name"] for topic in admin.describe_topics() if topic["name"].startswith(prefix)}
    assert found == {prefix + "events", prefix + "handoffs"}
    admin.close()


def test_more_copies_than_brokers_may_pass_and_say_how_many_there_are() -> None:
    """While a cluster comes up its first broker answers alone; Kafka's own reason is passed on, and nothing is made."""
    brokers, prefix = shared_kafka().address, fresh_prefix()
    with pytest.raises(TooFewBrokers, match=r"copies asked for yet: .* 1 broker"):
        declare_topics(brokers, prefix, 3, 3, HOUR_MS)
    with pytest.raises(TopicsMissing):
        check_topics(brokers, prefix)
