"""What the Faust app asks of the worker that owns people and counters.

Does not do the work: see `stream.worker`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.topics import StoredRecord, Topic


class WorkerProtocol(Protocol):
    """Any exception that these raise ends the process: the next one starts again from the last checkpoint."""

    async def take_partitions(self, partitions: Sequence[int], generation: int) -> Mapping[tuple[Topic, int], int]:
        """Claim and load these partitions; the next offset to read per (`events` or `handoffs`, partition).

        Called once per generation, before its first record. Partitions that the worker knows nothing about may be
        absent: they start at the broker's committed offset, else at the first record. Kept partitions are named again.
        """
        ...

    async def apply(self, stored: StoredRecord) -> None:
        """Apply one record; records of one topic and partition come one at a time, in order of offset.

        After a rebalance records that were applied before may come again: those below the worker's own
        position of their partition are to be skipped.
        """
        ...

    async def revoke(self, partitions: Sequence[int]) -> None:
        """These partitions are no longer ours; kept ones are revoked and taken again at each rebalance.

        May be called with partitions that were never taken, and twice for one change.
        """
        ...
