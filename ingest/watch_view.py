"""The self-watch as the collector knows it: what the engine said last, older by the time since.

Does not ask: see `ingest.service`.
"""

import time
from collections.abc import Callable

import msgspec


class _Watch(msgspec.Struct):
    age_seconds: float


class _Readiness(msgspec.Struct):
    watch: _Watch | None = None


class LastWatch:
    """For one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._sent_at: float | None = None

    def note(self, readiness: bytes) -> None:
        """Take in the engine's answer; one that does not tell of the watch changes nothing."""
        try:
            watch = msgspec.json.decode(readiness, type=_Readiness).watch
        except msgspec.DecodeError:
            return
        if watch is not None:
            self._sent_at = self._clock() - watch.age_seconds

    def age_seconds(self) -> float | None:
        """None until the engine has told of it."""
        return None if self._sent_at is None else self._clock() - self._sent_at
