"""Messages of the self-watch: acknowledged like any other, appended as records without lines, which nobody counts.

Does not send them: see `northstream.parts.watching`.
"""

from collections.abc import Sequence

from ingest.arrival import Arrival
from ingest.blocks import Portion
from ingest.messages import Message
from ingest.times import read_iso
from schemas.partitioning import device_partition
from schemas.topics import Kind, Topic


def watch_portions(messages: Sequence[Message], arrival: Arrival, partitions: int) -> list[Portion]:
    """One for each partition that devices of the messages belong to, with the latest time of sending among them.

    All else that they say is left aside, since the key is good for nothing else. A time is the sender's, corrected as
    that of any message, and never later than the arrival.
    """
    latest: dict[int, int] = {}
    for message in messages:
        device = message.item.anonymous_id
        if isinstance(device, str) and device:
            partition = device_partition(device, partitions)
            latest[partition] = max(latest.get(partition, 1), _sent_ms(message, arrival))
    # `links` is the kind of which no reader, of any release, adds anything up.
    return [
        Portion(Topic.EVENTS, partition, Kind.LINKS, 0, 0, b"", sent_ms)
        for partition, sent_ms in sorted(latest.items())
    ]


def _sent_ms(message: Message, arrival: Arrival) -> int:
    timestamp_ms = read_iso(message.item.timestamp)
    return arrival.received_ms if timestamp_ms is None else min(timestamp_ms + arrival.shift_ms, arrival.received_ms)
