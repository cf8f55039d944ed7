"""Who gets which partitions: Faust's assignor, which is only asked once the topics are known.

Does not spread partitions itself.
"""

import asyncio
from typing import Any

from faust.assignor.partition_assignor import PartitionAssignor


class TopicsUnknown(RuntimeError):
    """A broker that has just come up names no partitions yet; the next process asks again."""


class KnownTopicsAssignor(PartitionAssignor):  # type: ignore[misc]
    """Faust's own leaves unknown topics out: everybody would get nothing, and wait for ever."""

    def assign(self, cluster: Any, member_metadata: Any) -> Any:
        subscribed = {topic for member in member_metadata.values() for topic in member.subscription}
        unknown = sorted(topic for topic in subscribed if not cluster.partitions_for_topic(topic))
        if unknown:
            error = TopicsUnknown(f"the broker names no partitions of {', '.join(unknown)} yet")
            asyncio.run_coroutine_threadsafe(self.app.crash(error), self.app.loop)
            raise error
        return super().assign(cluster, member_metadata)
