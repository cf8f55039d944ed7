"""The stream's worker, seen from outside: whether it has its partitions.

Changes nothing about the worker.
"""

from collections.abc import Mapping, Sequence

from schemas.topics import Topic
from stream.worker import Worker


class ObservedWorker(Worker):
    """`has_partitions` is true from the moment at which records can be applied."""

    has_partitions = False

    async def take_partitions(self, partitions: Sequence[int], generation: int) -> Mapping[tuple[Topic, int], int]:
        offsets = await super().take_partitions(partitions, generation)
        self.has_partitions = bool(partitions)
        return offsets
