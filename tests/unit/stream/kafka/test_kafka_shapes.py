"""What about a topic on Kafka is not as it must be, in sentences."""

from stream.kafka.topics import Shape, differences


def test_a_topic_that_is_as_wanted_has_no_differences() -> None:
    """Settings of which nothing is wanted may be anything."""
    found = Shape(4, 3, {"cleanup.policy": "delete", "segment.bytes": "1"})
    assert differences("t", found, Shape(4, 3, {"cleanup.policy": "delete"})) == []
    assert differences("t", found, Shape(None, None, {})) == []


def test_all_differences_are_said_at_once_with_what_to_do() -> None:
    """Partitions, copies and each setting have a sentence of their own."""
    found = Shape(4, 1, {"cleanup.policy": "compact", "retention.ms": "5"})
    said = differences("t", found, Shape(8, 3, {"cleanup.policy": "delete", "retention.ms": "9"}))
    assert [sentence.split(":")[0] for sentence in said] == [
        "t has 4 partitions, not 8",
        "t has 1 copies of each partition, not 3",
        "t has cleanup.policy=compact, not delete",
        "t has retention.ms=5, not 9",
    ]
    assert "--add-config retention.ms=9" in said[3]


def test_what_is_better_than_wanted_is_no_difference() -> None:
    """Larger messages, more copies in sync, and zstd stored as it comes."""
    wanted = Shape(None, None, {"max.message.bytes": "10", "min.insync.replicas": "2", "compression.type": "producer"})
    better = {"max.message.bytes": "11", "min.insync.replicas": "3", "compression.type": "zstd"}
    assert differences("t", Shape(1, 3, better), wanted) == []
    worse = {"max.message.bytes": "9", "min.insync.replicas": "1", "compression.type": "gzip"}
    assert len(differences("t", Shape(1, 3, worse), wanted)) == 3


def test_the_order_of_a_list_does_not_matter() -> None:
    """Kafka gives policies back in an order of its own."""
    wanted = Shape(None, None, {"cleanup.policy": "compact,delete"})
    assert differences("t", Shape(1, 1, {"cleanup.policy": "delete,compact"}), wanted) == []
