"""How far each reader's durable position lies behind the end of each partition.

Does not say what is settled: see `warehouse.completeness`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.log import LogReader
from schemas.topics import LogEnd, Topic
from warehouse.completeness import Standing, readers_of


@dataclass(frozen=True, slots=True)
class ReaderLag:
    """`reader` is `counters`, `checkpoint` or `loader`; `seconds` is the age of the oldest record behind it."""

    reader: str
    topic: Topic
    partition: int
    records: int
    events: int
    seconds: float


def reader_lags(standing: Standing, log: LogReader, topic: Topic, now_ms: int) -> Iterator[ReaderLag]:
    """Of every partition of a topic that `log` reads. May raise LogUnavailable."""
    for partition, end in standing.ends[topic].items():
        for reader, position in readers_of(standing, topic, partition).items():
            if position >= end.offset:
                yield ReaderLag(reader, topic, partition, 0, 0, 0.0)
            else:
                yield _behind(reader, log, (topic, partition), position, end, now_ms)


def _behind(
    reader: str, log: LogReader, place: tuple[Topic, int], position: int, end: LogEnd, now_ms: int
) -> ReaderLag:
    topic, partition = place
    events = max(0, end.lines - log.lines_before(topic, partition, position))
    appended_ms = log.first_appended_ms(topic, partition, position)
    seconds = max(0.0, (now_ms - appended_ms) / 1000) if appended_ms is not None else 0.0
    return ReaderLag(reader, topic, partition, end.offset - position, events, seconds)
