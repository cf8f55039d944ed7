"""Ids of messages: minted when a client sends none, and remembered for a while to tell copies.

Does not keep copies out: the first may not be durable yet, so every reader unites them by id.
"""

import os
from collections.abc import Iterable, Sequence

_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The first digit of a UUID's second half: its first two bits say which standard it follows."""


def mint(now_ms: int) -> str:
    """A UUID of version 7: its first 48 bits are the time, so that ids sort by it."""
    time, chance = f"{now_ms:012x}", os.urandom(10).hex()
    return f"{time[:8]}-{time[8:]}-7{chance[:3]}-{_VARIANTS[chance[3]]}{chance[4:7]}-{chance[8:]}"


class RecentIds:
    """The latest ids, in two halves: when one is full the older is forgotten.

    Keeps hashes (a wrong answer, once in 10^13 or so, only mislabels a reply).
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[int] = set()
        self._old: set[int] = set()

    def remember(self, message_ids: Sequence[str]) -> tuple[list[int], list[int]]:
        """Remember the ids of a request: the hashes that are new, and the places of ids that are copies."""
        keys = list(map(hash, message_ids))
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()
        young, old = self._young, self._old
        if young.isdisjoint(keys) and old.isdisjoint(keys) and len(set(keys)) == len(keys):
            young.update(keys)
            return keys, []
        fresh, copies = [], []
        for place, key in enumerate(keys):
            if key in young or key in old:
                copies.append(place)
            else:
                young.add(key)
                fresh.append(key)
        return fresh, copies

    def forget(self, fresh: Iterable[int]) -> None:
        """The append of these failed: their retry will not be a copy."""
        self._young.difference_update(fresh)
        self._old.difference_update(fresh)
