"""A worker's machine is lost with a million people in memory: until others notice, and until numbers are current again.

Does not measure a worker that dies alone: its supervisor starts it again at once.
"""

import time
from dataclasses import dataclass

from bench.cluster.intake import Intake
from bench.cluster.running import PARTITIONS, Cluster, cluster, wait_until
from bench.cluster.standing import Claim, Ends, Standing
from bench.demo_people import demo_partitions
from bench.people import DEFINITIONS, PEOPLE, write_checkpoint
from bench.tables import median, show, whole

RATE = 1_000
RUNS = 3
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Taken:
    """From the kill to the first claim of another worker; from there until all that lay in the log is published."""

    noticed_seconds: float
    current_seconds: float
    partitions: int
    survivor_bytes: int


def main() -> None:
    """Kill one of two workers `RUNS` times and print medians."""
    with cluster("collector", "loader", "boards") as running, Standing(running) as standing:
        write_checkpoint(running.warehouse, demo_partitions(DEFINITIONS, PARTITIONS, at_once=False))
        with Intake(running.faces.port, RATE) as intake:
            runs = [_lose_one(running, standing) for _ in range(RUNS)]
        lost = intake.sent.answered - running.faces.settle()["accepted"]
    slowest = max(runs, key=lambda run: run.current_seconds)
    row = [
        f"{median(run.noticed_seconds for run in runs):.1f}",
        f"{median(run.current_seconds for run in runs):.1f}",
        f"{slowest.current_seconds:.1f}",
        "/".join(str(run.partitions) for run in runs),
        whole(max(run.survivor_bytes for run in runs) / 2**20),
        str(max(0, lost)),
    ]
    columns = [
        "kill → others claim, s",
        "claim → current, s",
        "slowest, s",
        f"partitions taken of {PARTITIONS}",
        "survivor, MiB",
        "lost",
    ]
    note = (
        f"{whole(PEOPLE)} people of the demo's mix, {whole(RATE)} events/s; supervisor and worker end by kill -9; "
        f"medians of {RUNS} runs. Current: the published counters hold all that lay in the log at the claim."
    )
    show("Cluster, recovery: one of two workers is lost", columns, [row], note)


def _lose_one(running: Cluster, standing: Standing) -> Taken:
    running.start(*["worker"] * (2 - len(running.named("worker"))))
    standing.wait_for_workers()
    victim, survivor = running.named("worker")
    before, killed = standing.claims(), time.time()
    running.lose(victim)
    wait_until(lambda: standing.claims() != before, "another worker claims", look_seconds=_LOOK_SECONDS)
    ends = standing.ends("events")
    wait_until(
        lambda: _current_ms(standing, before, ends) is not None, "counters are current", look_seconds=_LOOK_SECONDS
    )
    current_ms = _current_ms(standing, before, ends)
    new = [claim.at_ms for number, claim in standing.claims().items() if claim != before[number]]
    assert current_ms is not None
    claimed_ms = min(new)
    return Taken(claimed_ms / 1000 - killed, (current_ms - claimed_ms) / 1000, len(new), survivor.resident_bytes())


def _current_ms(standing: Standing, before: dict[int, Claim], ends: Ends) -> int | None:
    """When the last partition that was taken was published up to the ends; None before that."""
    heads, claims = standing.heads(), standing.claims()
    taken = [number for number, claim in claims.items() if claim != before[number]]
    is_current = all(
        heads[number].owner == claim.owner and heads[number].events >= ends["events", number]
        for number, claim in claims.items()
    )
    return max(heads[number].at_ms for number in taken) if is_current else None
