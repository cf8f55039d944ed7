"""The topics on Kafka: made once, checked whenever they are there already, never altered.

Does not read or write records: see `stream.kafka.log` and `stream.kafka.reading`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import InvalidReplicationFactorError, KafkaError, TopicAlreadyExistsError, for_code

from schemas.log import LogUnavailable
from schemas.topics import Topic
from stream.kafka.connections import connect

COLLECTORS = "collectors"
"""One partition, compacted: the low watermark of each collector, keyed by its instance."""

MAX_RECORD_BYTES = 8 * 1024 * 1024
"""The largest batch that the topics take. A block has 256 KB; the state of a very busy person may be a longer line."""

_FOREVER = "-1"
_DAY_MS = 86_400_000
_UNKNOWN_TOPIC = 3


class TopicsMissing(Exception):
    """Topics that must be there are not; says which and what makes them."""


class TopicsWrong(Exception):
    """Topics are there, but not as they must be: one sentence for each difference, with what to do."""


class TooFewBrokers(LogUnavailable):
    """Fewer brokers have registered than copies are asked for, as while a cluster comes up; says how many have."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a topic is, or has to be. `None` in what it has to be: anything will do."""

    partitions: int | None
    replication: int | None
    configs: Mapping[str, str]


def declare_topics(brokers: str, prefix: str, partitions: int, replication: int, retention_ms: int) -> list[str]:
    """Make the topics that are missing; return their names.

    Raises:
        TopicsWrong: others are there in another shape, or Kafka refuses to make them so.
        TooFewBrokers: some are not there yet, or never will be.
        LogUnavailable: Kafka cannot be reached now.
    """
    wanted = _wanted_shapes(prefix, partitions, replication, retention_ms)
    with _admin(brokers) as admin:
        found = _found_shapes(admin, wanted)
        missing = {name: shape for name, shape in wanted.items() if name not in found}
        _refuse_differences(found, wanted)
        made = _make(admin, missing) if missing else []
        # Another process may have made some of them meanwhile, with other settings.
        _refuse_differences(_found_shapes(admin, wanted), wanted)
    return made


def check_topics(brokers: str, prefix: str) -> int:
    """The number of partitions of topics that are all there and in a shape that keeps what we promise.

    Raises:
        TopicsMissing: `northstream migrate` makes them.
        TopicsWrong: they would lose records, or mix people up.
        LogUnavailable: Kafka cannot be reached now.
    """
    with _admin(brokers) as admin:
        found = _found_shapes(admin, _wanted_shapes(prefix, None, None, None))
    events = found.get(prefix + Topic.EVENTS)
    wanted = _wanted_shapes(prefix, events.partitions if events else None, None, None)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise TopicsMissing(f"Kafka has no topic {', '.join(missing)}: run `northstream migrate` first")
    _refuse_differences(found, wanted)
    assert events is not None
    assert events.partitions is not None
    return events.partitions


def differences(name: str, found: Shape, wanted: Shape) -> list[str]:
    """A sentence for everything about a topic that is not as wanted."""
    sentences = []
    if wanted.partitions not in (None, found.partitions):
        sentences.append(
            f"{name} has {found.partitions} partitions, not {wanted.partitions}: their number is fixed for a log's "
            f"life, so set NORTHSTREAM_PARTITIONS={found.partitions}; another number needs another topic prefix "
            "(NORTHSTREAM_KAFKA_PREFIX) and another, empty warehouse"
        )
    if wanted.replication not in (None, found.replication):
        sentences.append(
            f"{name} has {found.replication} copies of each partition, not {wanted.replication}: "
            f"reassign its partitions (kafka-reassign-partitions.sh), or set "
            f"NORTHSTREAM_KAFKA_REPLICATION={found.replication}"
        )
    for key, value in wanted.configs.items():
        held = found.configs.get(key)
        if held is not None and not _serves(key, held, value):
            sentences.append(
                f"{name} has {key}={held}, not {value}: set it with kafka-configs.sh "
                f"--alter --entity-type topics --entity-name {name} --add-config {key}={value}"
            )
    return sentences


def _serves(key: str, held: str, wanted: str) -> bool:
    """Whether a setting is as good as the wanted one."""
    if key in ("max.message.bytes", "min.insync.replicas"):
        return int(held) >= int(wanted)
    if key == "compression.type":
        # `zstd` stores what our producers send as it is, too.
        return held in (wanted, "zstd")
    return set(held.split(",")) == set(wanted.split(","))


def _wanted_shapes(
    prefix: str, partitions: int | None, replication: int | None, retention_ms: int | None
) -> dict[str, Shape]:
    """The shape of each topic by its full name; `None` where only what is promised matters."""
    copies = {} if replication is None else {"min.insync.replicas": str(min(2, max(1, replication - 1)))}
    # A broker decides by the order of offsets and its own clock, not by the clocks of those who append.
    both = {"message.timestamp.type": "LogAppendTime", "unclean.leader.election.enable": "false", **copies}
    data = {
        "cleanup.policy": "delete",
        "retention.bytes": _FOREVER,
        "compression.type": "producer",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        **({} if retention_ms is None else {"retention.ms": str(retention_ms)}),
    }
    # Small segments: only what is newer than a few minutes is not compacted, so that readers start fast.
    marks = {"cleanup.policy": "compact,delete", "retention.ms": str(_DAY_MS), "segment.ms": str(_DAY_MS // 144)}
    shapes = {prefix + topic: Shape(partitions, replication, both | data) for topic in Topic}
    shapes[prefix + COLLECTORS] = Shape(1, replication, both | marks)
    return shapes


def _refuse_differences(found: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> None:
    sentences = [
        sentence
        for name, shape in wanted.items()
        if name in found
        for sentence in differences(name, found[name], _fitting(shape, found[name]))
    ]
    if sentences:
        raise TopicsWrong(". ".join(sentences))


def _fitting(wanted: Shape, found: Shape) -> Shape:
    """With three copies, one may be away and each record has two: asked for whoever chose the number of copies."""
    if wanted.replication is not None or not found.replication:
        return wanted
    in_sync = str(min(2, max(1, found.replication - 1)))
    return Shape(wanted.partitions, None, {**wanted.configs, "min.insync.replicas": in_sync})


def _make(admin: Any, missing: Mapping[str, Shape]) -> list[str]:
    """Make topics, wait until they have leaders, and return the names of those that this call made."""
    answer = admin.create_topics(
        {
            name: {
                "num_partitions": shape.partitions,
                "replication_factor": shape.replication,
                "configs": dict(shape.configs),
            }
            for name, shape in missing.items()
        },
        raise_errors=False,
    )
    refused = []
    waiting = ""
    made = []
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        reason = str(topic["error_message"]).rstrip(".")
        if not topic["error_code"]:
            made.append(topic["name"])
        elif error is InvalidReplicationFactorError:
            waiting = f"{topic['name']} cannot have the copies asked for yet: {reason}"
        elif error is not TopicAlreadyExistsError:
            refused.append(f"{topic['name']} cannot be made: {error.__name__}: {reason}")
    if refused:
        raise TopicsWrong(". ".join(refused))
    if waiting:
        raise TooFewBrokers(waiting)
    admin.wait_for_topics(list(missing))
    return made


def _found_shapes(admin: Any, wanted: Mapping[str, Shape]) -> dict[str, Shape]:
    """Those of the wanted topics that are there, as they are."""
    described = {topic["name"]: topic for topic in admin.describe_topics(list(wanted))}
    there = [name for name in wanted if described.get(name, {}).get("error_code", _UNKNOWN_TOPIC) != _UNKNOWN_TOPIC]
    if not there:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        name: Shape(
            len(described[name]["partitions"]),
            min((len(part["replica_nodes"]) for part in described[name]["partitions"]), default=0),
            {key: str(entry["value"]) for key, entry in configs[name].items()},
        )
        for name in there
    }


@contextmanager
def _admin(brokers: str) -> Iterator[Any]:
    admin = connect(KafkaAdminClient, brokers)
    try:
        yield admin
    except KafkaError as error:
        raise LogUnavailable(f"Kafka at {brokers} does not answer: {error}") from error
    finally:
        admin.close()
