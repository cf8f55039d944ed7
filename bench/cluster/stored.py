"""Blocks of events exactly as a collector stores them, made by one that writes the embedded log.

Does not measure that collector.
"""

from collections.abc import Iterator

from bench.cluster.running import PARTITIONS
from bench.collector import BATCH_EVENTS, bodies
from bench.product import WRITE_KEY, collector_alone
from bench.wrk import load
from schemas.topics import Record, Topic
from stream.log.reading import LocalLogReader

_CONNECTIONS = 32
_BODIES = 1_000
"""So many that a body's next copy, with other ids, lies too far off to be compressed away."""


def stored_records(seconds: int) -> list[Record]:
    """What a collector takes in so many seconds, partitions in turn as they would arrive."""
    with collector_alone(PARTITIONS) as running:
        made = bodies("stored", BATCH_EVENTS, _BODIES)
        load(running.port, WRITE_KEY, "/v1/batch", made, _CONNECTIONS, seconds)
        log = LocalLogReader(running.data_dir / "log" / "events.db")
        by_sequence = sorted(_all(log), key=lambda record: record.sequence)
        log.close()
    return by_sequence


def _all(log: LocalLogReader) -> Iterator[Record]:
    for number, end in log.end_offsets(Topic.EVENTS).items():
        offset = 0
        while offset < end:
            read = log.read(Topic.EVENTS, number, offset)
            offset = read[-1].offset + 1
            yield from (stored.record for stored in read)
