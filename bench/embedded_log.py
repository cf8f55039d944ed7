"""Measures the embedded log alone: appends by group size, and reading back.

Not the collector (HTTP, validation): see the other benches. Run: python bench/embedded_log.py [seconds per row].
"""

import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, LocalLog

PARTITIONS = 4
GROUPS = ((1, 1), (4, 1), (4, 25), (4, 100), (16, 100), (4, 500))
"""(records in an append, events in a record)."""


@dataclass(frozen=True, slots=True)
class Appended:
    events: int
    seconds: float
    cpu_seconds: float
    latencies: list[float]

    def percentile_ms(self, share: float) -> float:
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))] * 1000


def event_line(number: int) -> bytes:
    """About 590 bytes, as a stored event of a product with 8 properties and a browser's context."""
    words = ("alpha", "beta", "gamma", "delta")
    properties = {name: f"{random.choice(words)}{random.randrange(1000)}" for name in "abcdefgh"}
    page = {"path": f"/a/{random.randrange(50)}", "referrer": "https://example.com/x", "title": "Projects"}
    library = {"name": "analytics.js", "version": "2.11.1"}
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
    row = {
        "message_id": f"{random.getrandbits(128):032x}",
        "type": "track",
        "event": "Project Created",
        "occurred_ms": 1_700_000_000_000 + number,
        "received_ms": 1_700_000_000_000 + number,
        "user_id": f"user-{random.randrange(100_000)}",
        "properties": properties,
        "context": {"library": library, "page": page, "userAgent": agent},
    }
    return json.dumps(row).encode()


def append_for(seconds: float, log: LocalLog, records: int, events: int) -> Appended:
    """Append groups back to back, from one thread as the collector does."""
    blocks = [b"\n".join(event_line(n) for n in range(events)) + b"\n" for _ in range(40)]
    latencies: list[float] = []
    started, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        group = [
            Record(Topic.EVENTS, n % PARTITIONS, Kind.EVENTS, events, random.choice(blocks), 0, "bench", n + 1)
            for n in range(records)
        ]
        before = time.perf_counter()
        log.append(group, low_watermark_ms=1)
        latencies.append(time.perf_counter() - before)
    elapsed = time.perf_counter() - started
    return Appended(len(latencies) * records * events, elapsed, time.process_time() - cpu, latencies)


def read_all(log: LocalLog) -> float:
    """Events read per second, 64 records at a time."""
    started, events = time.perf_counter(), 0
    for partition in range(PARTITIONS):
        offset = 0
        while records := log.read(Topic.EVENTS, partition, offset):
            events += sum(stored.record.count for stored in records)
            offset = records[-1].offset + 1
    return events / (time.perf_counter() - started)


def main(seconds: float) -> None:
    print("| records × events in an append | events/s | p50 ms | p99 ms | CPU s per million | read back, events/s |")
    print("|---|---|---|---|---|---|")
    for records, events in GROUPS:
        with TemporaryDirectory() as folder:
            log = LocalLog(Path(folder) / "events.db", EVENT_TOPICS, PARTITIONS)
            done = append_for(seconds, log, records, events)
            cpu = done.cpu_seconds / done.events * 1e6
            print(
                f"| {records} × {events} | {done.events / done.seconds:,.0f} | {done.percentile_ms(0.5):.2f} "
                f"| {done.percentile_ms(0.99):.2f} | {cpu:.2f} | {read_all(log):,.0f} |"
            )
            log.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
