"""What a rebuild of people and counters reads: everything that was ever accepted, from the warehouse.

Does not rebuild: see `stream.replay`. Implemented by `warehouse.history`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PublishedNumber:
    """A counter's value over all partitions as readers see it now; `bucket` is a day number."""

    metric: str
    bucket: int
    value: int


class History(Protocol):
    """Blocking. Every method may raise `schemas.checkpoints.StoreUnavailable`."""

    def positions(self) -> Mapping[int, int]:
        """Per partition the offset on `events` before which everything is in this history.

        Read first: what is loaded later may be in the history too, which does no harm.
        """
        ...

    def last_received_ms(self) -> int:
        """The latest receipt of any event; 0 if there is none."""
        ...

    def links(self) -> Iterable[bytes]:
        """Blocks of NDJSON of `schemas.rows.LinkRow`: the first link of each device, any order."""
        ...

    def events(self) -> Iterator[bytes]:
        """Blocks of NDJSON with the fields that the stream reads, one line per message, ascending event time."""
        ...

    def published(self) -> Iterable[PublishedNumber]:
        """The numbers that the rebuilt ones replace."""
        ...
