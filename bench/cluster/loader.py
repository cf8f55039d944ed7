"""The loader on a backlog: rows per second into the warehouse, processor time by role, and what an event takes on disk.

Does not measure workers: none runs.
"""

from collections.abc import Sequence

from bench.cluster.backlog import append, events_in, slices
from bench.cluster.drain import Drained, Draining
from bench.cluster.running import PARTITIONS, PREFIX, Cluster, cluster
from bench.cluster.standing import Standing
from bench.cluster.stored import stored_records
from bench.tables import median, show, whole
from bench.wrk import require_wrk
from schemas.topics import Kind, Record

RUNS = 3
_SECONDS = 8
_ROLES = ("loader", "broker", "warehouse")

_STORED = "SELECT uniqExact(message_id) FROM northstream.events"
_BYTES = "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = 'events'"


def main() -> None:
    """Print medians of `RUNS` backlogs, one after the other, and the sizes."""
    require_wrk()
    records = stored_records(_SECONDS)
    events = events_in(records)
    with cluster("loader") as running, Standing(running) as standing:
        runs = [_load(running, standing, piece) for piece in slices(records, RUNS)]
        stored = running.warehouse.rows(_STORED)[0][0]
        assert stored == events, f"{stored} message ids are in the warehouse, not {events}"
        sizes = _sizes(running, records, events)
        memory = {name: running.named(name)[0].resident_bytes() / 2**20 for name in ("loader", "warehouse")}
    columns = ["events", "rows/s", *(f"CPU s per 1M events: {role}" for role in _ROLES)]
    note = (
        f"{RUNS} backlogs of what a collector had stored, {PARTITIONS} partitions: medians. The warehouse: ours (chDB "
        "behind its HTTP interface); its time holds what it merged meanwhile. All message ids are counted after. "
        "Memory then: " + ", ".join(f"{name} {whole(mib)} MiB" for name, mib in memory.items())
    )
    show("Cluster, loader: a backlog loaded", columns, [_row(runs)], note)
    columns = ["bytes a line", "in Kafka (zstd), a copy", "in the warehouse"]
    show("Cluster: an event of about 610 B at rest", columns, [[whole(size) for size in sizes]])


def _load(running: Cluster, standing: Standing, records: Sequence[Record]) -> Drained:
    """The loader stands still while the backlog is appended, so that it begins with all of it."""
    with running.frozen("loader"):
        append(running, records)
        draining = Draining(running, *_ROLES)
    return draining.finish(events_in(records), standing.loaded_ms)


def _sizes(running: Cluster, records: Sequence[Record], events: int) -> list[float]:
    """Bytes an event: as a line, in the broker's folder (with links), in the table."""
    lines = sum(len(record.value) for record in records if record.kind is Kind.EVENTS)
    folder = running.kafka.nodes[0].folder / "data"
    segments = sum(file.stat().st_size for file in folder.glob(f"{PREFIX}events-*/*.log"))
    return [lines / events, segments / events, running.warehouse.rows(_BYTES)[0][0]]


def _row(runs: list[Drained]) -> list[str]:
    cpu = (f"{median(run.cpu_per_million(role) for run in runs):.1f}" for role in _ROLES)
    return [whole(sum(run.events for run in runs)), whole(median(run.per_second for run in runs)), *cpu]
