"""What a collector would append for messages of the property tests.

Does not validate: the messages are as the collector leaves them.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from properties.stream_harness import Message

from schemas.identity import PREVIOUS_IS_JUNK, USER_IS_JUNK, is_junk
from schemas.partitioning import device_partition, user_partition
from schemas.topics import Kind, Record, Topic


def records(message: Message, partitions: int) -> list[Record]:
    """The event in the partition of its person, and the link in that of its device."""
    user = "" if is_junk(message.user_id) else message.user_id
    device = "" if is_junk(message.anonymous_id) else message.anonymous_id
    previous = "" if is_junk(message.previous_id) else message.previous_id
    junk = (0 if user else USER_IS_JUNK) | (0 if device else 2) | (0 if previous else PREVIOUS_IS_JUNK)
    line = msgspec.json.encode(vars(message) | {"junk": junk}) + b"\n"
    target = user_partition(user, partitions) if user else device_partition(device, partitions)
    found = [Record(Topic.EVENTS, target, Kind.EVENTS, 1, line, collector="test")]
    linked = device if message.type != "alias" else ("" if message.secret else previous)
    if linked and user:
        link = {
            "anonymous_id": linked,
            "user_id": user,
            "message_id": message.message_id,
            "received_ms": message.received_ms,
        }
        partition = device_partition(linked, partitions)
        found.append(
            Record(Topic.EVENTS, partition, Kind.LINKS, 1, msgspec.json.encode(link) + b"\n", collector="test")
        )
    return found


def later(sent: Sequence[Message], history: list[Message]) -> list[Message]:
    """The history as if it began after everything sent so far, with message ids of its own."""
    begun = min(message.received_ms for message in history)
    ended = max((message.received_ms for message in sent), default=begun)
    prefix = f"after-{len(sent)}-"
    return [
        replace(
            message,
            message_id=prefix + message.message_id,
            occurred_ms=message.occurred_ms + ended - begun,
            received_ms=message.received_ms + ended - begun,
        )
        for message in history
    ]
