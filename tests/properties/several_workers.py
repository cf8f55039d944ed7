"""Several workers over one log, in memory: each reads at its own speed, keeps bounds of its own, checkpoints, and dies.

Uses the core and the bound (`stream.forgetting`) as they are; stands for what `stream.worker` does around them.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field

from properties.stream_harness import DEFINITIONS, Message, Stream

from schemas.checkpoints import Positions
from schemas.partitioning import person_partition
from schemas.rows import LinkRow
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.handoffs import decode_handoffs, encode_handoffs
from stream.core.identity import apply_links
from stream.core.partition import Partition, passed_in
from stream.core.restatements import MERGE, Change
from stream.forgetting import NO_HEADER, Passed, Progress, Standing
from stream.replay import apply_handoff


@dataclass
class Header:
    """What a dead worker's heir starts from; `restated` is all that its lineage has restated."""

    positions: Positions = NO_HEADER.positions
    summary: bytes = b""
    people: dict[str, bytes] = field(default_factory=dict)
    restated: list[Change] = field(default_factory=list)


@dataclass
class Owned:
    state: Partition
    events: int
    handoffs: int


class Worker:
    """Owns some partitions; what others have done it knows from their headers alone, seen at some moment."""

    def __init__(self, group: "Group", numbers: list[int]) -> None:
        self.group = group
        self.progress = Progress()
        self.over_ms = 0
        self.seen: dict[int, Standing] = {}
        self.owned = {number: self._load(number) for number in numbers}

    def _load(self, number: int) -> Owned:
        header = self.group.headers[number]
        state = Partition(self.group.definitions)
        if header.summary:
            state.people.load(header.people.items())
            state.restore(header.summary)
        return Owned(state, *header.positions)

    def step(self, chance: random.Random) -> bool:
        """Apply one record of one partition; whether there was one."""
        ready = [
            (number, is_event)
            for number, one in self.owned.items()
            for is_event, log, at in (
                (True, self.group.events[number], one.events),
                (False, self.group.handoffs[number], one.handoffs),
            )
            if at < len(log)
        ]
        if not ready:
            return False
        number, is_event = chance.choice(ready)
        one = self.owned[number]
        if is_event:
            record = self.group.events[number][one.events]
            if isinstance(record, LinkRow):
                apply_links(one.state, [record])
            else:
                apply_events(one.state, decode_events(record))
            one.events += 1
        else:
            for handoff in decode_handoffs(self.group.handoffs[number][one.handoffs]):
                apply_handoff(one.state, handoff)
            one.handoffs += 1
        for handoff in one.state.outbox:
            target = person_partition(handoff.to, len(self.group.handoffs))
            self.group.handoffs[target].append(encode_handoffs([handoff]))
        one.state.outbox = []
        return True

    def look(self, chance: random.Random) -> None:
        """Read headers, some of others a little late, then the log's ends."""
        for number, header in enumerate(self.group.headers):
            if number in self.owned or chance.random() < 0.7:
                passed = Passed(*passed_in(header.summary)) if header.summary else Passed(0, 0)
                self.seen[number] = Standing(header.positions, passed)
        events = {number: len(log) for number, log in enumerate(self.group.events)}
        handoffs = {number: len(log) for number, log in enumerate(self.group.handoffs)}
        self.progress.look(self.seen, events, handoffs)
        self.over_ms = max(self.over_ms, self.progress.passed.occurred_ms)
        own = {number: Positions(one.events, one.handoffs) for number, one in self.owned.items()}
        at = {number: standing.positions for number, standing in self.seen.items()} | own
        if all(at.get(number) == (end, handoffs[number]) for number, end in events.items()):
            watermarks = [one.state.watermark_ms for one in self.owned.values()]
            self.over_ms = max(self.over_ms, *watermarks, *(one.passed.occurred_ms for one in self.seen.values()))

    def checkpoint(self) -> None:
        """Headers of all partitions at once; days close with them."""
        for number, one in self.owned.items():
            one.state.close_days(self.over_ms)
            one.state.forget_before(*self.progress.passed)
            snapshot = one.state.take_snapshot()
            before = self.group.headers[number]
            self.group.headers[number] = Header(
                Positions(one.events, one.handoffs),
                snapshot.summary,
                before.people | {person_id: data for person_id, _, data in snapshot.people},
                before.restated + snapshot.restatements,
            )


class Group:
    """The log, the headers, and the workers that share the partitions now."""

    def __init__(self, partitions: int, seed: int) -> None:
        self.definitions = Compiled(DEFINITIONS)
        self.events: list[list[bytes | LinkRow]] = [[] for _ in range(partitions)]
        self.handoffs: list[list[bytes]] = [[] for _ in range(partitions)]
        self.headers = [Header() for _ in range(partitions)]
        self.workers: list[Worker] = []
        self.chance = random.Random(seed)
        self.assign()

    def assign(self) -> None:
        """Other workers share the partitions from their headers on; what the old ones had in memory alone is gone."""
        numbers = list(range(len(self.events)))
        self.chance.shuffle(numbers)
        count = self.chance.randint(1, len(numbers))
        self.workers = [Worker(self, numbers[first::count]) for first in range(count)]

    def send(self, message: Message) -> None:
        sender = Stream(len(self.events))
        sender.send(message)
        for log, sent in zip(self.events, sender.events, strict=True):
            log.extend(sent)

    def go_on(self, moves: int) -> None:
        """Some moves of some workers: one may read a whole backlog while another stands still."""
        for _ in range(moves):
            worker = self.chance.choice(self.workers)
            move = self.chance.random()
            if move < 0.6:
                for _ in range(self.chance.choice([1, 3, 30])):
                    worker.step(self.chance)
            elif move < 0.85:
                worker.look(self.chance)
            elif move < 0.98:
                worker.checkpoint()
            else:
                self.assign()

    def settle(self) -> None:
        while sum(worker.step(self.chance) for worker in self.workers):
            if self.chance.random() < 0.1:
                self.chance.choice(self.workers).look(self.chance)
        for worker in self.workers:
            worker.checkpoint()

    def numbers(self) -> dict[tuple[str, int], int]:
        """Summed counters of the headers, without zeroes and without `late`."""
        total: dict[tuple[str, int], int] = defaultdict(int)
        for worker in self.workers:
            for one in worker.owned.values():
                for metric, day, value in one.state.counters.values():
                    if metric != "late":
                        total[metric, day] += value
        return {key: value for key, value in total.items() if value}

    def restated_by_merges(self) -> dict[tuple[str, int, str], int]:
        """Sums of what merges restated, by (metric, day, cause), without those that cancel out."""
        total: dict[tuple[str, int, str], int] = defaultdict(int)
        for header in self.headers:
            for change in header.restated:
                if change.reason == MERGE:
                    total[change.metric, change.day, change.cause] += change.delta
        return {key: value for key, value in total.items() if value}
