"""Workers on a backlog: events per second with 1, 2 and 4 of them, and processor time by role.

Does not measure the loader: none runs.
"""

import time

from bench.cluster.backlog import append, events_in
from bench.cluster.drain import Drained, Draining
from bench.cluster.running import PARTITIONS, Cluster, cluster
from bench.cluster.standing import Standing
from bench.stream import check_actives
from bench.tables import show, whole
from bench.traffic import LINE_BYTES, MESSY, TIDY, Mix, Traffic

EVENTS = 400_000
CHOICES = ((MESSY, 1), (MESSY, 2), (MESSY, 4), (TIDY, 2))
"""Mixes and numbers of workers."""


_ROLES = ("worker", "broker", "warehouse")
_APPLIED = "northstream_worker_events_applied_total"


def main() -> None:
    """Print a row for each choice."""
    rows = [_row(mix, workers, _measure(mix, workers)) for mix, workers in CHOICES]
    columns = ["input", "workers", "events", "events/s", *(f"CPU s per 1M events: {role}" for role in _ROLES)]
    note = (
        f"{LINE_BYTES} B events in blocks of 100 over {PARTITIONS} partitions, one person per 10 events, one run each. "
        "From the last append (what was applied by then does not count) to counters published and people, hand-offs "
        "and positions durable. Every day's actives are compared with a count from scratch."
    )
    show("Cluster, stream: a backlog worked off", columns, rows, note)


def _measure(mix: Mix, workers: int) -> Drained:
    traffic = Traffic(EVENTS, mix, time.time_ns() // 1_000_000, PARTITIONS)
    records = list(traffic.records())
    events = events_in(records)
    with cluster(*["worker"] * workers) as running, Standing(running) as standing:
        standing.wait_for_workers()
        append(running, records)
        draining, early = Draining(running, *_ROLES), _applied(running)
        drained = draining.finish(events - early, standing.counted_ms)
        applied = _applied(running)
        assert applied == events, f"{applied} events were applied, not {events}: a worker has started again"
        check_actives(running.warehouse, traffic.active_days())
        return drained


def _applied(running: Cluster) -> int:
    """Events that the workers have applied since their starts."""
    return sum(int(role.telemetry(_APPLIED)) for role in running.named("worker"))


def _row(mix: Mix, workers: int, drained: Drained) -> list[str]:
    cpu = (f"{drained.cpu_per_million(role):.1f}" for role in _ROLES)
    return [mix.title, str(workers), whole(drained.events), whole(drained.per_second), *cpu]
