"""Which of several processes publishes the catalogue's values: one at a time, by a lease in the warehouse.

Does not publish. The warehouse's clock counts, so that those of machines may differ.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

LOOK_SECONDS = 2.0
"""A holder looks so often whether it still is; it takes nothing for granted for longer."""

CONFIRM_SECONDS = 3.0
"""So long after it said so a process begins: whoever held the lease before has looked by then."""

RENEW_SECONDS = 5.0
EXPIRE_SECONDS = 20.0

_LATEST = """
SELECT count(), argMax(holder, (at, holder)), dateDiff('millisecond', max(at), now64(3, 'UTC')) / 1000
FROM northstream.publishers WHERE at > now64(3, 'UTC') - INTERVAL 1 DAY
SETTINGS max_threads = 1
"""


class Storage(Protocol):
    """Raises `schemas.reading.ReadingUnavailable`."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]: ...

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None: ...


class PublishingLease:
    """Asked before every publication, by one thread. `clock` gives monotonic seconds."""

    def __init__(self, storage: Storage, holder: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`holder` is a name that no other process has."""
        self._storage = storage
        self._holder = holder
        self._clock = clock
        self._looked_at = float("-inf")
        self._said_at: float | None = None
        self._holds = False

    def __call__(self) -> bool:
        """Whether this process publishes now. May raise ReadingUnavailable."""
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._holds = False
            self._holds = self._look()
            self._looked_at = self._clock()
        return self._holds

    def _look(self) -> bool:
        known, holder, age_seconds = self._storage.rows(_LATEST, {})[0]
        if not known or age_seconds > EXPIRE_SECONDS:
            self._say()
            self._said_at = self._clock()
            return False
        if holder != self._holder:
            self._said_at = None
            return False
        if age_seconds > RENEW_SECONDS:
            self._say()
        return self._said_at is not None and self._clock() - self._said_at >= CONFIRM_SECONDS

    def _say(self) -> None:
        line = msgspec.json.encode({"holder": self._holder})
        self._storage.insert_lines("publishers", ["holder"], line, {"insert_deduplicate": 0})
