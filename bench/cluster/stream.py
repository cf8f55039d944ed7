"""Workers on a backlog: events per second with 1, 2 and 4 of them, and processor time by role.

Does not measure the loader: none runs.
"""

import time

from bench.cluster.drain import Drained, drain
from bench.cluster.running import PARTITIONS, cluster
from bench.cluster.standing import Standing
from bench.stream import check_actives
from bench.tables import show, whole
from bench.traffic import LINE_BYTES, MESSY, TIDY, Mix, Traffic

EVENTS = 400_000
CHOICES = ((MESSY, 1), (MESSY, 2), (MESSY, 4), (TIDY, 2))
"""Mixes and numbers of workers."""


def main() -> None:
    """Print a row for each choice."""
    rows = [_row(mix, workers, _measure(mix, workers)) for mix, workers in CHOICES]
    roles = ("worker", "broker", "warehouse")
    columns = ["input", "workers", "events", "events/s", *(f"CPU s per 1M events: {role}" for role in roles)]
    note = (
        f"{LINE_BYTES} B events in blocks of 100 over {PARTITIONS} partitions, one person per 10 events, one run each. "
        "From workers at rest to counters published and people, hand-offs and positions durable. "
        "Every day's actives are compared with a count from scratch."
    )
    show("Cluster, stream: a backlog worked off", columns, rows, note)


def _measure(mix: Mix, workers: int) -> Drained:
    traffic = Traffic(EVENTS, mix, time.time_ns() // 1_000_000, PARTITIONS)
    records = list(traffic.records())
    with cluster(*["worker"] * workers) as running, Standing(running) as standing:
        standing.wait_for_workers()
        drained = drain(running, "worker", records, standing.counted_ms)
        check_actives(running.warehouse, traffic.active_days())
        return drained


def _row(mix: Mix, workers: int, drained: Drained) -> list[str]:
    cpu = (f"{drained.cpu_per_million(role):.1f}" for role in ("worker", "broker", "warehouse"))
    return [mix.title, str(workers), whole(drained.events), whole(drained.per_second), *cpu]
