"""Stored events of a product with many people, as blocks of the log: tidy or with everything that real traffic has.

Does not go through a collector: lines are what a collector would have stored, 392 bytes each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import msgspec

from schemas.calendar import DAY_MS, HOUR_MS
from schemas.partitioning import device_partition, user_partition
from schemas.rows import LinkRow
from schemas.topics import Kind, Record, Topic

DAYS = 40
EVENTS_PER_PERSON = 10
LINE_BYTES = 392
BLOCK_EVENTS = 100
"""Lines of a block: what a batch of 400 comes to, or a few waiting batches of 100, over four partitions."""

_NAMES = (
    "Feature Used",
    "Task Completed",
    "Project Created",
    "Pricing Viewed",
    "Report Shared",
    "Subscription Started",
)
_WEIGHTS = (62, 22, 6, 5, 4, 1)


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of what makes counting hard. `anonymous`: people who begin as a device and log in later;
    `forgetful`: later events of those that come without the user; `late`: by up to `late_days`, in any order.
    """

    title: str
    anonymous: float = 0.0
    forgetful: float = 0.0
    late: float = 0.0
    late_days: float = 10.0
    duplicates: float = 0.0
    aliases: float = 0.0


TIDY = Mix("in time order, users only")
MESSY = Mix(
    "5 % late by up to 10 days, 3 % duplicates, half of the people log in later, 1 % united by alias",
    anonymous=0.5,
    forgetful=0.15,
    late=0.05,
    duplicates=0.03,
    aliases=0.01,
)


@dataclass(slots=True)
class _Event:
    received_ms: int
    occurred_ms: int
    number: int
    person: int
    name: str
    has_user: bool
    has_device: bool
    unites_with: int | None = None


class Traffic:
    """`count` events that end at `end_ms`; the same arguments give the same events."""

    def __init__(self, count: int, mix: Mix, end_ms: int, partitions: int = 4) -> None:
        self.people = count // EVENTS_PER_PERSON
        self._partitions = partitions
        self._mix = mix
        self._random = Random(f"traffic/{count}/{mix.title}")
        self._start_ms = end_ms // DAY_MS * DAY_MS - (DAYS - 1) * DAY_MS
        self._united: dict[int, int] = {}
        self._pad = "x" * LINE_BYTES
        self._events = sorted(self._all_events(count), key=lambda event: event.received_ms)
        self._linked: set[int] = set()
        self.lines = 0

    def active_days(self) -> dict[int, int]:
        """Distinct people by day, counted from scratch over all devices and users."""
        seen = {
            (self._united.get(event.person, event.person), event.occurred_ms // DAY_MS)
            for event in self._events
            if event.unites_with is None
        }
        found: dict[int, int] = {}
        for _, day in seen:
            found[day] = found.get(day, 0) + 1
        return found

    def records(self) -> Iterator[Record]:
        """Blocks of events and links in the order of their receipt."""
        blocks: dict[tuple[Kind, int], list[bytes]] = {}
        for event in self._events:
            for kind, partition, line in self._rows(event):
                block = blocks.setdefault((kind, partition), [])
                block.append(line)
                if len(block) == BLOCK_EVENTS:
                    yield self._record(kind, partition, blocks.pop((kind, partition)))
        for (kind, partition), block in blocks.items():
            yield self._record(kind, partition, block)

    def _record(self, kind: Kind, partition: int, block: list[bytes]) -> Record:
        self.lines += len(block)
        return Record(Topic.EVENTS, partition, kind, len(block), b"".join(block), 0, "bench", 1)

    def _all_events(self, count: int) -> Iterator[_Event]:
        random, mix = self._random, self._mix
        logs_in = [random.random() < mix.anonymous for _ in range(self.people)]
        signed_up: set[int] = set()
        for number in range(count):
            occurred = self._start_ms + number * DAYS * DAY_MS // count
            person = random.randrange(self.people)
            is_first = person not in signed_up
            signed_up.add(person)
            name = "Account Created" if is_first else random.choices(_NAMES, _WEIGHTS)[0]
            has_device = logs_in[person]
            # The first visit of somebody who logs in later is a device's alone.
            has_user = not has_device or (not is_first and random.random() >= mix.forgetful)
            event = _Event(occurred, occurred, number, person, name, has_user, has_device)
            if random.random() < mix.late:
                event.received_ms += int(random.random() * mix.late_days * DAY_MS)
            yield event
            if random.random() < mix.duplicates:
                yield replace(event, received_ms=event.received_ms + HOUR_MS)
            both_known = person % 2 and not (logs_in[person] or logs_in[person - 1])
            if both_known and person not in self._united and random.random() < mix.aliases:
                self._united[person] = person - 1
                yield replace(event, number=count + person, has_user=True, has_device=False, unites_with=person - 1)

    def _rows(self, event: _Event) -> Iterator[tuple[Kind, int, bytes]]:
        user, device = f"user-{event.person:09d}", f"device-{event.person:09d}"
        if event.has_user and event.has_device and event.person not in self._linked:
            self._linked.add(event.person)
            link = LinkRow(device, user, _message_id(event), event.received_ms)
            yield Kind.LINKS, device_partition(device, self._partitions), msgspec.json.encode(link) + b"\n"
        if event.has_user:
            yield Kind.EVENTS, user_partition(user, self._partitions), self._line(event, user, device)
        else:
            yield Kind.EVENTS, device_partition(device, self._partitions), self._line(event, "", device)

    def _line(self, event: _Event, user: str, device: str) -> bytes:
        head = (
            f'{{"message_id":"{_message_id(event)}","type":"track","occurred_ms":{event.occurred_ms},'
            f'"received_ms":{event.received_ms},"event":"{event.name}",'
        )
        if user:
            head += f'"user_id":"{user}",'
        if event.unites_with is not None:
            head = head.replace('"track"', '"alias"')
            head += f'"previous_id":"user-{event.unites_with:09d}","secret":true,'
        if event.has_device:
            head += f'"anonymous_id":"{device}",'
        head += f'"timestamp_ms":{event.occurred_ms},"properties":{{"plan":"pro","pad":"'
        return (head + self._pad[: LINE_BYTES - len(head) - 4] + '"}}\n').encode()


def _message_id(event: _Event) -> str:
    return f"m-{event.number:012d}"
