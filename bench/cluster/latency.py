"""How soon an event is seen in a cluster: in its counter, and at the receiver of an alert.

Does not measure throughput: the load is steady and far below what the roles take.
"""

from bench.cluster.running import cluster
from bench.cluster.standing import Standing
from bench.latency import alerting_workspace, show_delays

ROLES = ("collector", "worker", "worker", "loader", "alerter", "boards")


def main() -> None:
    """Print both delays, from the sending of the event."""
    with alerting_workspace() as (workspace, delivered), cluster(*ROLES, workspace=workspace) as running:
        with Standing(running) as standing:
            standing.wait_for_workers()
        show_delays("Cluster, two workers: delay of an event", running.faces, delivered)
