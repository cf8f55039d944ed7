"""Where the readers of the log stand and where it ends, asked from outside: SQL and Kafka's own offsets.

Does not use what the product tells about its lag: that is read where a user would see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from bench.cluster.running import PARTITIONS, PREFIX, Cluster, wait_until

GROUP = f"{PREFIX}stream"

_LATEST = """
SELECT partition, argMax((epoch, nonce, events_position, handoffs_position, toUnixTimestamp64Milli(at)),
    (epoch, nonce, version)) FROM northstream.{table} GROUP BY partition
"""
_CLAIMS = """
SELECT partition, argMax((epoch, nonce, toUnixTimestamp64Milli(at)), (epoch, nonce))
FROM northstream.claims GROUP BY partition
"""
_LOADED = """
SELECT topic, partition, max(to_offset), max(toUnixTimestamp64Milli(at))
FROM northstream.load_ranges WHERE state = 'done' GROUP BY topic, partition
"""

Ends = Mapping[tuple[str, int], int]
"""By topic (without its prefix) and partition the offset after the last record."""


@dataclass(frozen=True, slots=True)
class Claim:
    owner: tuple[int, int]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Owned:
    """What an owner vouches for, and when it was written (Unix ms of the warehouse, which is on this machine)."""

    owner: tuple[int, int]
    events: int
    handoffs: int
    at_ms: int


class Standing:
    """Asks a cluster. One at a time; `close` at the end."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._warehouse = cluster.warehouse
        self._consumer = KafkaConsumer(bootstrap_servers=cluster.kafka.address)
        self._admin = KafkaAdminClient(bootstrap_servers=cluster.kafka.address)

    def close(self) -> None:
        self._consumer.close()
        self._admin.close()

    def __enter__(self) -> "Standing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ends(self, *topics: str) -> Ends:
        places = [TopicPartition(PREFIX + topic, number) for topic in topics for number in range(PARTITIONS)]
        found = self._consumer.end_offsets(places)
        return {(place.topic.removeprefix(PREFIX), place.partition): end for place, end in found.items()}

    def claims(self) -> dict[int, Claim]:
        return {number: Claim((epoch, nonce), at) for number, (epoch, nonce, at) in self._warehouse.rows(_CLAIMS)}

    def heads(self) -> dict[int, Owned]:
        """What is published."""
        return self._latest("counter_heads")

    def headers(self) -> dict[int, Owned]:
        """What is checkpointed."""
        return self._latest("checkpoint_headers")

    def counted_ms(self) -> int | None:
        """When the last partition was published and checkpointed up to both ends; None before that."""
        rows, claims = [self.heads(), self.headers()], self.claims()
        ends = self.ends("events", "handoffs")
        for number in range(PARTITIONS):
            wanted = (ends["events", number], ends["handoffs", number])
            for found in rows:
                one = found.get(number)
                if one is None or one.owner != claims[number].owner or (one.events, one.handoffs) != wanted:
                    return None
        return max(one.at_ms for found in rows for one in found.values())

    def loaded_ms(self) -> int | None:
        """When everything on `events` was loaded; None before that."""
        rows = self._loaded()
        return max(at for _, at in rows.values()) if _are_at(rows, self.ends("events")) else None

    def has_counted(self, ends: Ends) -> bool:
        """Whether counters that hold everything before these ends of `events` are published."""
        heads = self.heads()
        return all(number in heads and heads[number].events >= end for (_, number), end in ends.items())

    def has_loaded(self, ends: Ends) -> bool:
        return _are_at(self._loaded(), ends)

    def wait_for_workers(self) -> None:
        """Until the group is stable with every worker that runs, and all partitions are claimed and published."""
        count = len(self._cluster.named("worker"))
        wait_until(lambda: self._has_settled(count), f"{count} workers share the partitions")

    def _has_settled(self, count: int) -> bool:
        try:
            group = self._admin.describe_groups([GROUP])[GROUP]
        except KafkaError:
            # Nobody has joined it yet.
            return False
        if group["group_state"] != "Stable" or len(group["members"]) != count:
            return False
        heads = self.heads()
        claims = self.claims()
        return len(claims) == PARTITIONS and all(
            number in heads and heads[number].owner == claim.owner for number, claim in claims.items()
        )

    def _loaded(self) -> dict[tuple[str, int], tuple[int, int]]:
        return {(topic, number): (to, at) for topic, number, to, at in self._warehouse.rows(_LOADED)}

    def _latest(self, table: str) -> dict[int, Owned]:
        return {
            number: Owned(tuple(one[:2]), *one[2:]) for number, one in self._warehouse.rows(_LATEST.format(table=table))
        }


def _are_at(loaded: Mapping[tuple[str, int], tuple[int, int]], ends: Ends) -> bool:
    return all(loaded.get(place, (0, 0))[0] >= end for place, end in ends.items())
