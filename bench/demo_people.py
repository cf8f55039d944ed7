"""The people of the demo's company, made many: its history goes through the stream's core, then each is copied.

Does not send anything or write a log.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec

from schemas.definitions import StreamDefinitions
from schemas.replay import PublishedNumber
from schemas.rows import EventRow, LinkRow
from simulate.company import Company
from stream.core.definitions import Compiled
from stream.core.partition import Partition
from stream.core.people import Moved
from stream.core.person import Person
from stream.core.person_codec import encode_moved
from stream.replay import rebuild

State = tuple[str, Person | Moved, bytes]

_END = datetime(2026, 11, 1, tzinfo=UTC)
_SEED, _DAYS, _SIGNUPS = 7, 244, 1_500
_BLOCK_LINES = 5_000


class CompanyHistory:
    """The history as a rebuild reads it (schemas.replay.History)."""

    def __init__(self, at_once: bool) -> None:
        """`at_once`: all was received at the end, as when the demo starts; else when it happened."""
        self._end_ms = int(_END.timestamp() * 1000)
        self._rows = list(self._all_rows(at_once))

    def positions(self) -> Mapping[int, int]:
        return {}

    def last_received_ms(self) -> int:
        return self._end_ms

    def links(self) -> Iterable[bytes]:
        first: dict[str, LinkRow] = {}
        for row in self._rows:
            if row.user_id and row.anonymous_id:
                link = LinkRow(row.anonymous_id, row.user_id, row.message_id, row.received_ms)
                first.setdefault(row.anonymous_id, link)
        yield msgspec.json.Encoder().encode_lines(list(first.values()))

    def events(self) -> Iterator[bytes]:
        rows = iter(self._rows)
        while block := list(islice(rows, _BLOCK_LINES)):
            yield msgspec.json.Encoder().encode_lines(block)

    def published(self) -> Iterable[PublishedNumber]:
        return ()

    def _all_rows(self, at_once: bool) -> Iterator[EventRow]:
        start = _END.date() - timedelta(days=_DAYS)
        for at_ms, message in Company(_SEED, start, self._end_ms, _SIGNUPS).timed_messages(self._end_ms):
            yield EventRow(
                message["messageId"],
                str(message["type"]),
                at_ms,
                self._end_ms if at_once else at_ms,
                event=str(message.get("event", "")),
                user_id=str(message.get("userId", "")),
                anonymous_id=str(message.get("anonymousId", "")),
            )


def demo_partitions(definitions: StreamDefinitions, partitions: int, at_once: bool) -> list[Partition]:
    """The partitions of a worker that has applied the demo's history."""
    return rebuild(Compiled(definitions), partitions, CompanyHistory(at_once))


def copies(people: list[State], count: int) -> Iterator[State]:
    """People again and again under other ids until `count` of them have not moved; the moved come with them."""
    made = number = 0
    while made < count:
        ending = f"-{number:05d}"
        for person_id, state, data in people:
            if isinstance(state, Moved):
                target = Moved(state + ending)
                yield person_id + ending, target, encode_moved(target)
            else:
                yield person_id + ending, state, data
                made += 1
        number += 1
