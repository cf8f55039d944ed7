"""What the Faust app asks of the worker that owns people and counters.

Does not do the work: see `stream.worker`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from schemas.topics import StoredRecord, Topic


class WorkerProtocol(Protocol):
    """Any exception that these raise ends the process: the next one starts again from the last checkpoint."""

    def join_group(
        self, session_seconds: float, on_checkpoint: Callable[[Mapping[tuple[Topic, int], int]], Awaitable[None]]
    ) -> None:
        """Called at most once, before anything else: others take over when this worker is silent for a session.

        `on_checkpoint` is told the positions of each durable checkpoint.
        """
        ...

    async def wait_until_free(self) -> None:
        """Return when partitions may be taken; called before the stream starts."""
        ...

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

    async def finish(self) -> None:
        """No record comes any more: make everything durable, and write nothing after that."""
        ...
