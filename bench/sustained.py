"""Everything at once: the highest steady rate at which the lag of counting and loading stays bounded.

Does not measure peaks: see `bench.collector`. Lag is what `/api/quality` tells.
"""

import asyncio
from dataclasses import dataclass

from bench.collector import BATCH_EVENTS, bodies
from bench.paced import Paced, send_paced
from bench.processes import cpu_seconds
from bench.product import Running, product
from bench.tables import show, whole

SECONDS = 30
RATES = (15_000, 25_000, 40_000, 60_000, 80_000, 100_000)
_BOUND_SECONDS = 5.0
"""A lag of so many seconds' events, not more at the end than at half time, counts as bounded."""

_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """One rate held for `SECONDS`. Lags in events, in order of time."""

    rate: int
    sent: Paced
    lags: list[int]
    lost: int
    cpu: dict[str, float]

    @property
    def is_bounded(self) -> bool:
        bound = _BOUND_SECONDS * self.rate
        return not self.sent.refused and self.sent.late_seconds < 1 and max(self.lags[len(self.lags) // 2 :]) <= bound


def main() -> None:
    """Print each rate that was tried, in rising order, until one is too high."""
    rows = []
    for rate in RATES:
        step = measure(rate)
        rows.append(_row(step))
        if not step.is_bounded:
            break
    columns = ["events/s", "bounded", "lag: worst, end", "p99 ms", "lost", "CPU s per 1M: collector", "engine"]
    note = (
        f"Batches of {BATCH_EVENTS} at a steady rate for {SECONDS} s, the sender on the same machine. "
        f"Bounded: in the second half never more than {_BOUND_SECONDS:.0f} s of events uncounted or not yet loaded."
    )
    show("Everything at once, sustained", columns, rows, note)


def measure(rate: int) -> Step:
    """One rate against a new product."""
    with product() as running:
        before = {role: cpu_seconds(pid) for role, pid in running.pids.items()}
        sent, lags = asyncio.run(_send_and_watch(running, rate))
        accepted = running.faces.settle()["accepted"]
        cpu = {role: (cpu_seconds(pid) - before[role]) / sent.answered * 1e6 for role, pid in running.pids.items()}
        return Step(rate, sent, lags, max(0, sent.answered - accepted), cpu)


async def _send_and_watch(running: Running, rate: int) -> tuple[Paced, list[int]]:
    lags: list[int] = []
    sending = asyncio.create_task(
        send_paced(running.port, bodies(f"s{rate}", BATCH_EVENTS), BATCH_EVENTS, rate, SECONDS)
    )
    while not sending.done():
        quality = await asyncio.to_thread(running.faces.get, "/api/quality")
        lags.append(quality["lag_events"])
        await asyncio.wait((sending,), timeout=_LOOK_SECONDS)
    return sending.result(), lags


def _row(step: Step) -> list[str]:
    latencies = sorted(step.sent.latencies)
    return [
        whole(step.rate),
        "yes" if step.is_bounded else "no",
        f"{whole(max(step.lags))}, {whole(step.lags[-1])}",
        f"{latencies[int(0.99 * (len(latencies) - 1))] * 1000:.1f}",
        whole(step.lost),
        f"{step.cpu['collector']:.1f}",
        f"{step.cpu['engine']:.1f}",
    ]
