"""Ids of messages: minted when a client sends none, and remembered for a while to tell copies.

Does not keep copies out: the first may not be durable yet, so every reader unites them by id.
"""

import secrets
import uuid
from collections.abc import Iterable


def mint(now_ms: int) -> str:
    """A UUID of version 7: its first 48 bits are the time, so that ids sort by it."""
    chance = secrets.randbits(74)
    return str(uuid.UUID(int=now_ms << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | (chance & (1 << 62) - 1)))


class RecentIds:
    """The latest ids, in two halves: when one is full the older is forgotten.

    Keeps hashes (a wrong answer, once in 10^13 or so, only mislabels a reply).
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[int] = set()
        self._old: set[int] = set()

    def is_copy(self, message_id: str) -> bool:
        """Whether the id was seen lately; it is from now on."""
        key = hash(message_id)
        if key in self._young or key in self._old:
            return True
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()
        self._young.add(key)
        return False

    def forget(self, message_ids: Iterable[str]) -> None:
        """The append of these failed: their retry will not be a copy."""
        for message_id in message_ids:
            key = hash(message_id)
            self._young.discard(key)
            self._old.discard(key)
