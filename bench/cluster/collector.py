"""The collector before Kafka: batches and singles by number of connections, processor time, nothing lost.

Does not measure readers: none runs.
"""

from bench.cluster.backlog import EventCount
from bench.cluster.running import cluster
from bench.collector import BATCH_EVENTS, Target, columns, measure, row, title
from bench.start import LONE_COLUMNS, LONE_NOTE, lone_row
from bench.tables import show
from bench.wrk import require_wrk

BATCH_CONNECTIONS = (8, 32, 64)
SINGLE_CONNECTIONS = (64,)
RUNS = 3
SECONDS = 4


def main() -> None:
    """Print the tables of batches, singles, and the lone request."""
    require_wrk()
    note = (
        f"Medians of {RUNS} runs of {SECONDS} s, wrk with one thread, one broker (acks=all, in its page cache). "
        "Lost: answered 200 and not among the lines of the topic."
    )
    with cluster("collector") as running:
        port, counted = running.named("collector")[0].port, EventCount(running)
        target = Target(port, lambda: running.cpu("collector", "broker"), counted)
        for size, choices in ((BATCH_EVENTS, BATCH_CONNECTIONS), (1, SINGLE_CONNECTIONS)):
            rows = [row(number, measure(target, size, number, RUNS, SECONDS)) for number in choices]
            show(f"Cluster, collector: {title(size)}", columns("collector", "broker"), rows, note)
        show("Cluster, collector: a lone request", LONE_COLUMNS, [lone_row(port, size) for size in (1, 100)], LONE_NOTE)
        counted.close()
