"""How a worker becomes the owner of partitions: claim, then read heads, headers and people, in this order.

Does not apply records. Reading before the claim is durable would let the old owner write on behind our back.
"""

import logging
from collections.abc import Mapping, Sequence

from schemas.checkpoints import CheckpointStore, Header, Owner, Positions, Tag
from schemas.log import LogReader
from schemas.topics import Topic
from stream.core.definitions import Compiled
from stream.core.partition import Partition
from stream.owned import OwnedPartition

log = logging.getLogger(__name__)


class DefinitionsChanged(RuntimeError):
    """The definitions that shape the state have changed and the log no longer begins at its beginning."""


class Taking:
    """Blocking; called in a thread."""

    def __init__(self, definitions: Compiled, store: CheckpointStore, events: LogReader, handoffs: LogReader) -> None:
        self._definitions = definitions
        self._store = store
        self._events = events
        self._handoffs = handoffs

    def take(self, partitions: Sequence[int], nonce: int) -> list[OwnedPartition]:
        """Claim partitions and load what their last checkpoints hold.

        Raises:
            DefinitionsChanged: people must be rebuilt first (`northstream replay`).
            StoreUnavailable: nothing was taken.
        """
        before = self._store.highest_claims(partitions)
        owners = {number: Owner(before[number].epoch + 1 if number in before else 1, nonce) for number in partitions}
        self._store.write_claims(owners)
        heads = self._store.latest_heads(partitions)
        headers = self._store.latest_headers(partitions)
        stale = [number for number, header in headers.items() if header.definitions != self._definitions.digest]
        if stale:
            headers = self._begin_again(owners)
        floors = {number: head.positions for number, head in heads.items()}
        return [self._load(number, owners[number], headers.get(number), floors) for number in partitions]

    def _load(
        self, number: int, owner: Owner, header: Header | None, floors: Mapping[int, Positions]
    ) -> OwnedPartition:
        state = Partition(self._definitions)
        starts = Positions(self._events.starts(Topic.EVENTS)[number], self._handoffs.starts(Topic.HANDOFFS)[number])
        if header is None:
            return OwnedPartition(
                number, owner, state, starts.events, starts.handoffs, (), floors.get(number, Positions(0, 0))
            )
        state.people.load(self._store.load_people(number, header.lineage))
        if header.counters:
            state.restore(header.counters)
        positions = header.positions
        return OwnedPartition(
            number, owner, state, positions.events, positions.handoffs, header.lineage, floors.get(number, positions)
        )

    def _begin_again(self, owners: Mapping[int, Owner]) -> dict[int, Header]:
        """Empty headers at the log's beginning, all in one write: old numbers are served until the new ones caught up.

        Hand-offs of the old definitions are left out: reading the events again writes them anew.
        """
        starts = self._events.starts(Topic.EVENTS)
        ends = self._handoffs.ends(Topic.HANDOFFS)
        if any(starts[number] for number in owners) or len(owners) < self._events.partitions:
            raise DefinitionsChanged(
                "the workspace's definitions changed and part of the log was removed; run `northstream replay`"
            )
        log.warning("definitions changed: people and counters are rebuilt from the log")
        headers = {
            number: Header(
                number,
                Tag(owner.epoch, owner.nonce, 0),
                Positions(starts[number], ends[number].offset),
                b"",
                0,
                self._definitions.digest,
                (),
            )
            for number, owner in owners.items()
        }
        self._store.write_headers(list(headers.values()))
        return headers
