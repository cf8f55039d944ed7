"""Everything at once after an outage of the readers: a backlog is worked off while events go on coming in.

Does not wait an hour: the backlog is a part of an hour's, and its rate tells how long an hour's would take.
"""

import time
from collections import deque
from collections.abc import Callable

from bench.cluster.backlog import append, events_in
from bench.cluster.intake import Intake
from bench.cluster.running import PARTITIONS, cluster
from bench.cluster.standing import Ends, Standing
from bench.tables import show, whole
from bench.traffic import MESSY, Traffic

INTAKE = 2_000
BACKLOG_SECONDS = 180
ROLES = ("collector", "boards")

_READERS = ("worker", "worker", "loader")
_MEASURED = ("collector", "worker", "loader", "warehouse", "broker")
_BEHIND_SECONDS = 3.0
"""Readers are never nearer than their own pauses: what lies in the log for so long must be done."""

_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 300.0
_HOUR_SECONDS = 3_600


def main() -> None:
    """Print how fast the readers caught up, as a ratio of the intake, and each role's processor time."""
    traffic = Traffic(INTAKE * BACKLOG_SECONDS, MESSY, time.time_ns() // 1_000_000, PARTITIONS)
    records = list(traffic.records())
    with cluster(*ROLES) as running, Standing(running) as standing:
        with Intake(running.faces.port, INTAKE) as intake:
            append(running, records)
            started = time.monotonic()
            cpu = running.cpu(*_MEASURED)
            running.start(*_READERS)
            seconds = _watch(standing, started)
            used = {name: now - cpu[name] for name, now in running.cpu(*_MEASURED).items()}
        expected = intake.sent.answered + events_in(records)
        lost = expected - running.faces.settle()["accepted"]
    backlog = events_in(records)
    done = backlog + INTAKE * max(seconds.values())
    rows = [_row(title, backlog, taken) for title, taken in seconds.items()]
    cpu_each = ", ".join(f"{name} {seconds_used / done * 1e6:.1f}" for name, seconds_used in used.items())
    note = (
        f"{whole(backlog)} events ({BACKLOG_SECONDS} s of {whole(INTAKE)}/s, {_HOUR_SECONDS // BACKLOG_SECONDS} times "
        "less than an hour's), appended while no reader runs; then two workers and a loader start, the intake being "
        f"{whole(INTAKE)}/s. Seconds from then until what lay in the log {_BEHIND_SECONDS:.0f} s before is done. "
        f"Lost: {max(0, lost)}. CPU s per 1M events of all that was done meanwhile: {cpu_each}"
    )
    columns = ["", "caught up after, s", "events/s", "× intake", "an hour's backlog, min"]
    show("Cluster, catch-up with two workers", columns, rows, note)


def _watch(standing: Standing, started: float) -> dict[str, float]:
    """Seconds until counters, and until the events themselves, were as near to the ends as they come."""
    readers: dict[str, Callable[[Ends], bool]] = {"counted": standing.has_counted, "loaded": standing.has_loaded}
    found: dict[str, float] = {}
    seen: deque[tuple[float, Ends]] = deque([(started, standing.ends("events"))])
    while len(found) < len(readers):
        now = time.monotonic()
        if now - started > _PATIENCE_SECONDS:
            raise TimeoutError(f"not caught up: {found}")
        while len(seen) > 1 and seen[1][0] <= now - _BEHIND_SECONDS:
            seen.popleft()
        for title in readers.keys() - found.keys():
            if readers[title](seen[0][1]):
                found[title] = time.monotonic() - started
        seen.append((time.monotonic(), standing.ends("events")))
        time.sleep(_LOOK_SECONDS)
    return found


def _row(title: str, backlog: int, seconds: float) -> list[str]:
    rate = backlog / seconds + INTAKE
    hour = _HOUR_SECONDS * INTAKE / (rate - INTAKE) / 60
    return [title, f"{seconds:.1f}", whole(rate), f"{rate / INTAKE:.1f}", f"{hour:.0f}"]
