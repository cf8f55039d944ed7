"""What a leader leaves at each confirmation, by which those who stand by see that there is one.

Does not choose a leader: the group does. Without it a group whose assignment went wrong, with the partition given to
nobody, would stand by for ever.
"""

import random
import secrets
from time import monotonic
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

LEADERLESS_SECONDS = 20.0
"""Twice the longest time that a group takes to find another leader after one has died."""

_LOOK_SECONDS = 2.0
_ANSWER_MS = 1_000


class LeaderSign:
    """Of one stay in the group; begins to count when it is made."""

    def __init__(self, place: TopicPartition) -> None:
        """`place`: the partition whose committed offset carries the sign."""
        self._place = place
        self._own = secrets.token_hex(4)
        self._written = 0
        self._seen = ""
        self._changed_at = self._looked_at = monotonic()
        # Members that notice it together should not join together.
        self._patience_seconds = LEADERLESS_SECONDS * random.uniform(1.0, 1.5)

    def next(self) -> OffsetAndMetadata:
        """For the leader: a sign that nobody has seen, to be committed."""
        self._written += 1
        return OffsetAndMetadata(0, f"{self._own} {self._written}", -1)

    def note_confirmed(self) -> None:
        """The sign was taken."""
        self._changed_at = monotonic()

    def look(self, consumer: Any) -> None:
        """For those who stand by: see whether the sign has changed, every few seconds."""
        if monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = monotonic()
        try:
            committed = consumer.committed(self._place, metadata=True, timeout_ms=_ANSWER_MS)
        except KafkaError:
            # Nobody can tell.
            self._changed_at = monotonic()
            return
        seen = committed.metadata if committed is not None else ""
        if seen != self._seen:
            self._seen, self._changed_at = seen, monotonic()

    @property
    def is_leaderless(self) -> bool:
        """Whether no leader was confirmed for longer than any change of leaders takes."""
        return monotonic() - self._changed_at > self._patience_seconds
