"""Runs messages through the stream's core over any number of partitions, in memory, with hand-offs delivered.

Does not use a log or a store: those are covered by the integration and system tests.
"""

import random
from collections import deque
from dataclasses import dataclass

import msgspec

from schemas.checkpoints import OverrideRow
from schemas.definitions import DAY_SECONDS, FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.identity import PREVIOUS_IS_JUNK, USER_IS_JUNK, is_junk
from schemas.partitioning import device_partition, person_partition, user_partition
from schemas.rows import LinkRow
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.handoffs import decode_handoffs, encode_handoffs
from stream.core.identity import apply_links
from stream.core.partition import Partition
from stream.replay import apply_handoff

SIGNUP, PROJECT, TASK, PRICING, PAID = (
    "Account Created",
    "Project Created",
    "Task Completed",
    "Pricing Viewed",
    "Subscription Started",
)


def steps(*names: str) -> tuple[FunnelStep, ...]:
    return tuple(FunnelStep(name, {"en": name}) for name in names)


DEFINITIONS = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track", "page", "screen")),
    active_events=frozenset(),
    signup_event=SIGNUP,
    core_actions=frozenset((PROJECT, TASK)),
    funnels=(
        FunnelDefinition("onboarding", {"en": "o"}, 7 * DAY_SECONDS, steps(PRICING, SIGNUP, PROJECT, PAID)),
        FunnelDefinition("twice", {"en": "t"}, DAY_SECONDS, steps(TASK, TASK, PROJECT, TASK)),
    ),
)


@dataclass(frozen=True)
class Message:
    """One accepted message as the collector leaves it. Ids as sent, empty when absent."""

    message_id: str
    type: str
    occurred_ms: int
    received_ms: int
    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    secret: bool = False


class Stream:
    """Partitions with their inputs; `settle` delivers in a random order that keeps each partition's own."""

    def __init__(self, partitions: int, definitions: StreamDefinitions = DEFINITIONS, seed: int = 0) -> None:
        self.definitions = Compiled(definitions)
        self.partitions = [Partition(self.definitions) for _ in range(partitions)]
        self.events: list[deque[bytes | LinkRow]] = [deque() for _ in range(partitions)]
        self.handoffs: list[deque[bytes]] = [deque() for _ in range(partitions)]
        self.stored_overrides: list[OverrideRow] = []
        self._random = random.Random(seed)

    def send(self, message: Message) -> None:
        count = len(self.partitions)
        user = message.user_id if not is_junk(message.user_id) else ""
        device = message.anonymous_id if not is_junk(message.anonymous_id) else ""
        previous = message.previous_id if not is_junk(message.previous_id) else ""
        line = {name: getattr(message, name) for name in message.__dataclass_fields__} | {
            "junk": (0 if user else USER_IS_JUNK) | (0 if device else 2) | (0 if previous else PREVIOUS_IS_JUNK)
        }
        target = user_partition(user, count) if user else device_partition(device, count)
        self.events[target].append(msgspec.json.encode(line))
        linked = device
        if message.type == "alias":
            linked = "" if message.secret else previous
        if linked and user:
            link = LinkRow(linked, user, message.message_id, message.received_ms)
            self.events[device_partition(linked, count)].append(link)

    def settle(self) -> None:
        while waiting := [queue for queue in (*self.events, *self.handoffs) if queue]:
            queue = self._random.choice(waiting)
            number = next(i for i, one in enumerate((*self.events, *self.handoffs)) if one is queue)
            self.step(number % len(self.partitions), queue.popleft(), number >= len(self.partitions))

    def step(self, number: int, record: bytes | LinkRow, is_handoff: bool) -> None:
        partition = self.partitions[number]
        if is_handoff:
            for handoff in decode_handoffs(record):
                apply_handoff(partition, handoff)
        elif isinstance(record, LinkRow):
            apply_links(partition, [record])
        else:
            apply_events(partition, decode_events(record))
        for handoff in partition.outbox:
            self.handoffs[person_partition(handoff.to, len(self.partitions))].append(encode_handoffs([handoff]))
        partition.outbox = []

    def checkpoint(self) -> None:
        """Take snapshots as a worker does: people go to rest, old messages are forgotten."""
        received = max(partition.last_received_ms for partition in self.partitions)
        watermark = max(partition.watermark_ms for partition in self.partitions)
        for partition in self.partitions:
            partition.forget_before(received, watermark)
            self.stored_overrides += partition.take_snapshot().overrides

    def numbers(self) -> dict[tuple[str, int], int]:
        """Summed counters, without zeroes and without `late`."""
        total: dict[tuple[str, int], int] = {}
        for partition in self.partitions:
            for metric, day, value in partition.counters.values():
                if metric != "late":
                    total[metric, day] = total.get((metric, day), 0) + value
        return {key: value for key, value in total.items() if value}

    def overrides(self) -> dict[str, str]:
        """The smallest person of each united id, as the warehouse would tell."""
        found: dict[str, str] = {}
        self.checkpoint()
        for row in self.stored_overrides:
            found[row.person_id] = min(found.get(row.person_id, row.united_into), row.united_into)
        return found
