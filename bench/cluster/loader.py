"""The loader on a backlog: rows per second into the warehouse, and processor time by role.

Does not measure workers: none runs.
"""

import time

from bench.cluster.backlog import slices
from bench.cluster.drain import Drained, drain
from bench.cluster.running import PARTITIONS, Cluster, cluster
from bench.cluster.standing import Standing
from bench.tables import median, show, whole
from bench.traffic import LINE_BYTES, TIDY, Traffic

EVENTS = 1_200_000
RUNS = 3

_STORED = "SELECT uniqExact(message_id) FROM northstream.events"


def main() -> None:
    """Print medians of `RUNS` backlogs, one after the other."""
    records = list(Traffic(EVENTS, TIDY, time.time_ns() // 1_000_000, PARTITIONS).records())
    with cluster("loader") as running, Standing(running) as standing:
        runs = [drain(running, "loader", piece, standing.loaded_ms) for piece in slices(records, RUNS)]
        _check(running)
    roles = ("loader", "broker", "warehouse")
    columns = ["events", "rows/s", *(f"CPU s per 1M events: {role}" for role in roles)]
    note = (
        f"{RUNS} backlogs of {LINE_BYTES} B events, {PARTITIONS} partitions: medians. The warehouse is ours (chDB "
        "behind its HTTP interface); its time holds what merging took meanwhile. All message ids are counted after."
    )
    show("Cluster, loader: a backlog loaded", columns, [_row(runs, roles)], note)


def _check(running: Cluster) -> None:
    stored = running.warehouse.rows(_STORED)[0][0]
    assert stored == EVENTS, f"{stored} message ids are in the warehouse, not {EVENTS}"


def _row(runs: list[Drained], roles: tuple[str, ...]) -> list[str]:
    cpu = (f"{median(run.cpu_per_million(role) for run in runs):.1f}" for role in roles)
    return [whole(runs[0].events), whole(median(run.per_second for run in runs)), *cpu]
