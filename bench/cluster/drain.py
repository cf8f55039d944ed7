"""How fast roles work off a prepared backlog, and what processor time each role takes for it.

Does not check the result: see the benches that call it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.cluster.backlog import append, events_in
from bench.cluster.running import Cluster, wait_until
from schemas.topics import Record

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Drained:
    """`seconds`: from the moment that the readers could begin until the last row was durable.

    `cpu_seconds` by role, of the broker without the appending.
    """

    events: int
    seconds: float
    cpu_seconds: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    def cpu_per_million(self, role: str) -> float:
        return self.cpu_seconds[role] / self.events * 1e6


def drain(cluster: Cluster, role: str, records: Sequence[Record], done_ms: Callable[[], int | None]) -> Drained:
    """Stop the readers while the backlog is appended, so that they begin with all of it, started and assigned.

    `done_ms`: when all of it was done (Unix ms), None before that.
    """
    names = (role, "broker", "warehouse")
    with cluster.frozen(role):
        append(cluster, records)
        cpu, started = cluster.cpu(*names), time.time()
    wait_until(lambda: done_ms() is not None, f"{role}s work off the backlog", 300, _LOOK_SECONDS)
    used = {name: now - cpu[name] for name, now in cluster.cpu(*names).items()}
    ended = done_ms()
    assert ended is not None
    return Drained(events_in(records), ended / 1000 - started, used)
