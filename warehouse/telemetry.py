"""What a loader tells of itself: what it has loaded since its start, how long that took, and what is left to load.

Does not load. Names: `schemas.telemetry`.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from opentelemetry import trace
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from schemas.log import LogReader, LogUnavailable
from schemas.telemetry import Loader as Names
from schemas.topics import StoredRecord
from warehouse.batches import TOPICS, Batch
from warehouse.ledger import Place

_PLACES_IN_A_LINE = 10

log = logging.getLogger(__name__)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


class LoaderTelemetry:
    """Counted in the loader's thread, read in any. `is_leader`: it loads; others stand by."""

    def __init__(self, clock: Callable[[], int] = _unix_ms) -> None:
        """`clock` gives Unix ms."""
        self._clock = clock
        own = self._own = CollectorRegistry()
        self.is_leader = False
        self._rows = Names.ROWS.counter(own)
        self._duration = Names.LOAD_DURATION.histogram(own)
        self._load_rows = Names.LOAD_ROWS.histogram(own)
        self._delay = Names.LOAD_DELAY.histogram(own)
        self.pauses = Names.PAUSES.counter(own)
        self._put_aside_lines = Names.PUT_ASIDE_LINES.counter(own)
        self._poison_records = Names.POISON_RECORDS.counter(own)

    def note_load(self, batch: Batch, seconds: float) -> None:
        """All of it is in the warehouse, and marked done."""
        self._duration.observe(seconds)
        rows = batch.rows_by_table()
        self._load_rows.observe(sum(rows.values()))
        trace.get_current_span().set_attribute("northstream.rows", sum(rows.values()))
        for table, count in rows.items():
            self._rows.labels(table).inc(count)
        now_ms = self._clock()
        for stored in batch.records:
            # The log's clock may be another machine's.
            if not stored.record.watched_ms:
                self._delay.observe(max(0, now_ms - stored.appended_ms) / 1000)

    def note_put_aside(self, table: str, lines: Sequence[tuple[StoredRecord, int]]) -> None:
        """Lines that the warehouse cannot read lie in the quarantine; the log says where they were, never what."""
        self._put_aside_lines.inc(len(lines))
        places = [f"{_place(stored)}:{line}" for stored, line in lines[:_PLACES_IN_A_LINE]]
        extra = {"table": table, "lines": len(lines), "places": places}
        log.warning("lines that the warehouse cannot read are put aside", extra=extra)

    def note_foreign(self, records: Sequence[StoredRecord]) -> None:
        """Records that are none of ours lie in the quarantine."""
        self._poison_records.inc(len(records))
        places = [_place(stored) for stored in records[:_PLACES_IN_A_LINE]]
        log.warning("records that are none of ours are put aside", extra={"records": len(records), "places": places})

    def collect(self) -> Iterator[Metric]:
        """What was counted."""
        yield Names.LEADER.told(self.is_leader)
        yield from self._own.collect()


def _place(stored: StoredRecord) -> str:
    return f"{stored.record.topic}/{stored.record.partition}/{stored.offset}"


def loader_lag(log: LogReader, loaded: Mapping[Place, int]) -> Iterator[Metric]:
    """What is left to load by place; nothing while the log does not answer, or the ledger was not read yet."""
    if not loaded:
        return
    with contextlib.suppress(LogUnavailable):
        ends = {topic: log.end_offsets(topic) for topic in TOPICS}
        yield Names.LAG_RECORDS.told(
            {
                (topic.value, str(partition)): max(0, end - loaded.get((topic, partition), 0))
                for topic in TOPICS
                for partition, end in ends[topic].items()
            }
        )
