"""How fast roles work off a backlog, and what processor time each role takes for it.

Does not make the backlog or check the result: see the benches that call it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.cluster.running import Cluster, wait_until

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Drained:
    """`seconds` until the last row was durable; `cpu_seconds` by role."""

    events: int
    seconds: float
    cpu_seconds: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    def cpu_per_million(self, role: str) -> float:
        return self.cpu_seconds[role] / self.events * 1e6


class Draining:
    """Clocks that run from its creation."""

    def __init__(self, cluster: Cluster, *names: str) -> None:
        self._cluster = cluster
        self._cpu = cluster.cpu(*names)
        self._started = time.time()

    def finish(self, events: int, done_ms: Callable[[], int | None]) -> Drained:
        """Wait until `events` are worked off. `done_ms`: when they were (Unix ms), None before that."""
        wait_until(lambda: done_ms() is not None, "the backlog is worked off", look_seconds=_LOOK_SECONDS)
        used = {name: now - self._cpu[name] for name, now in self._cluster.cpu(*self._cpu).items()}
        ended = done_ms()
        assert ended is not None
        return Drained(events, ended / 1000 - self._started, used)
