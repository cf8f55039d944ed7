"""Rows by which a worker's state survives (design §5, §6), and the store that keeps them.

Does not decide when they are written: see `stream.checkpoints`. Implemented by `warehouse.people_store`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec


class Owner(NamedTuple):
    """One ownership of one partition; ordered. The nonce tells apart two owners that took the same epoch."""

    epoch: int
    nonce: int


class Tag(NamedTuple):
    """The owner and its running version (from 1) that wrote a row; ordered."""

    epoch: int
    nonce: int
    version: int


class Segment(NamedTuple):
    """A stretch of a lineage: rows of this owner up to and including this version count."""

    epoch: int
    nonce: int
    version: int


REPAIR_PARTITION = 4_294_967_295
"""The pseudo-partition whose counters are repairs by the audit: readers add them up, no worker ever owns it."""

Lineage = tuple[Segment, ...]
"""The segments from which a header continues, its own last; a row counts only if one segment holds it."""


class Positions(NamedTuple):
    """Next offsets to read on `events` and `handoffs`: all before them is in the data this speaks for."""

    events: int
    handoffs: int


class Header(msgspec.Struct, frozen=True, gc=False):
    """The commit of a checkpoint of one partition. `counters` is the encoded counter state (stream's own format)."""

    partition: int
    tag: Tag
    positions: Positions
    counters: bytes
    watermark_ms: int
    definitions: str
    lineage: Lineage


class Head(msgspec.Struct, frozen=True, gc=False):
    """The published counters of an owner speak for everything before `positions`.

    `watched_ms`: when the last event of the self-watch before them was sent (Unix ms); 0: none was seen yet.
    """

    partition: int
    tag: Tag
    positions: Positions
    watched_ms: int = 0


class CounterRow(msgspec.Struct, frozen=True, gc=False):
    """The absolute share of one partition in a streaming counter; `bucket` is a day number (days since 1970-01-01)."""

    partition: int
    tag: Tag
    metric: str
    bucket: int
    value: int


class PersonRow(msgspec.Struct, frozen=True, gc=False):
    """A person as of a checkpoint. `moved_to` non-empty: united into that person, everything else is empty.

    Times are Unix ms, None when unknown. `active_days` is a count.
    """

    partition: int
    person_id: str
    tag: Tag
    state: bytes
    moved_to: str
    first_seen_ms: int | None
    last_seen_ms: int | None
    active_days: int
    signed_up_ms: int | None
    activated_ms: int | None
    user_ids: Sequence[str]
    anonymous_ids: Sequence[str]


class FunnelRow(msgspec.Struct, frozen=True, gc=False):
    """One entry of a person in a funnel on an entry day; `times_ms` are those of the steps reached, in order.

    Empty `times_ms`: the entry is gone (the person moved, or the entry was corrected away).
    """

    partition: int
    person_id: str
    funnel: str
    day: int
    tag: Tag
    times_ms: Sequence[int]


class OverrideRow(msgspec.Struct, frozen=True, gc=False):
    """A united id (`u:…` or `d:…`) and a person it belongs to; the smallest person in the total order is the truth."""

    person_id: str
    united_into: str


class RestatementRow(msgspec.Struct, frozen=True, gc=False):
    """A change of a published number of a day that is over: one partition's share, summed per cause in a checkpoint."""

    partition: int
    tag: Tag
    metric: str
    bucket: int
    cause: str
    reason: str
    delta: int
    at_ms: int


class IdentityWarning(msgspec.Struct, frozen=True, gc=False):
    """Something about ids that an operator should see; repeated rows of one (kind, message_id, subject) are one."""

    kind: str
    message_id: str
    subject: str
    detail: str
    at_ms: int


class CheckpointStore(Protocol):
    """Where claims, headers, heads, people and counters are kept. Each write is durable when it returns.

    Every method may raise `StoreUnavailable`. Writes cover several partitions at once.
    """

    def highest_claims(self, partitions: Iterable[int]) -> Mapping[int, Owner]:
        """The highest claim per partition; partitions never claimed are absent."""
        ...

    def write_claims(self, claims: Mapping[int, Owner]) -> None: ...

    def latest_headers(self, partitions: Iterable[int]) -> Mapping[int, Header]:
        """The header with the highest tag per partition."""
        ...

    def latest_heads(self, partitions: Iterable[int]) -> Mapping[int, Head]:
        """The head with the highest tag per partition."""
        ...

    def load_people(self, partition: int, lineage: Lineage) -> Iterator[tuple[str, bytes]]:
        """(person id, state) of every person of the partition, from rows on the lineage, highest tag each."""
        ...

    def write_people(self, rows: Sequence[PersonRow]) -> None: ...

    def write_funnels(self, rows: Sequence[FunnelRow]) -> None: ...

    def write_overrides(self, rows: Sequence[OverrideRow]) -> None: ...

    def write_restatements(self, rows: Sequence[RestatementRow]) -> None: ...

    def carry_restatements(self, partition: int, tag: Tag) -> None:
        """Write what all partitions restated on the lineages that count now again, as rows of this tag.

        Called before the headers of a rebuild, which begin lineages of their own; may be repeated.
        """
        ...

    def write_warnings(self, rows: Sequence[IdentityWarning]) -> None: ...

    def write_headers(self, rows: Sequence[Header]) -> None: ...

    def write_counters(self, rows: Sequence[CounterRow]) -> None: ...

    def write_heads(self, rows: Sequence[Head]) -> None: ...

    def remove_superseded(self, headers: Sequence[Header]) -> None:
        """Remove people, funnel and counter rows that these headers (already durable) make superfluous.

        Called only after the claims were read again and the caller's is still the highest.
        """
        ...


class StoreUnavailable(Exception):
    """The warehouse cannot take or give rows now; nothing was promised."""
