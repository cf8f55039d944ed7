"""Measures the log on Kafka alone: appends by group size, and reading back; one broker on the same machine.

Not the collector (HTTP, validation): see `bench.cluster.collector`. Run: python -m bench.cluster.log [seconds per row].
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from brokers.kafka import Kafka

from bench.embedded_log import GROUPS, PARTITIONS, append_for
from schemas.topics import Kind, Record, Topic
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import declare_topics


def read_all(reader: KafkaLogReader) -> tuple[int, float, float]:
    """Events read, seconds and CPU seconds; 64 records at a time, as the loader does."""
    started, cpu, events = time.perf_counter(), time.process_time(), 0
    for partition in range(PARTITIONS):
        offset = 0
        while records := reader.read(Topic.EVENTS, partition, offset):
            events += sum(stored.record.count for stored in records)
            offset = records[-1].offset + 1
    return events, time.perf_counter() - started, time.process_time() - cpu


def measure(brokers: str, records: int, events: int, seconds: float) -> str:
    """One row of the table, on topics of its own."""
    prefix = f"bench-{records}-{events}."
    declare_topics(brokers, prefix, PARTITIONS, replication=1, retention_ms=86_400_000)
    log, reader = KafkaLog(brokers, prefix, "bench", PARTITIONS), KafkaLogReader(brokers, prefix)
    log.append([Record(Topic.QUARANTINE, n, Kind.QUARANTINE, 1, b"{}\n") for n in range(PARTITIONS)])
    done = append_for(seconds, log, records, events)
    read, took, cpu = read_all(reader)
    log.close()
    reader.close()
    return (
        f"| {records} × {events} | {done.events / done.seconds:,.0f} | {done.percentile_ms(0.5):.2f} "
        f"| {done.percentile_ms(0.99):.2f} | {done.cpu_seconds / done.events * 1e6:.2f} "
        f"| {read / took:,.0f} | {cpu / read * 1e6:.2f} |"
    )


def main(seconds: float) -> None:
    print("| records × events | events/s | p50 ms | p99 ms | CPU s per million | read/s | CPU s per million |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        broker = Kafka(Path(folder))
        broker.start()
        try:
            for records, events in GROUPS:
                print(measure(broker.address, records, events, seconds), flush=True)
        finally:
            broker.stop()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
