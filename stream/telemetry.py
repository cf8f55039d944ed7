"""What a worker tells of itself: what it has counted since its start, and how its partitions stand when asked.

Does not decide anything. Names: `schemas.telemetry`.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from schemas.checkpoints import IdentityWarning
from schemas.log import LogReader, LogUnavailable
from schemas.telemetry import Worker as Names
from schemas.topics import StoredRecord, Topic
from stream.owned import OwnedPartition

_BYTES_BESIDE = 200
"""What a person at rest takes besides its bytes: its id, and its place among people."""

_USUAL_BYTES = 100
"""Of a person, until the first checkpoint has told."""

_IDS_IN_A_LINE = 10

log = logging.getLogger(__name__)


class WorkerTelemetry:
    """Counted in the worker's event loop, read in any thread."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` gives Unix ms."""
        self._clock = clock
        self.events_applied = 0
        self.handoffs_applied = 0
        self.poison_records = 0
        self.checkpoints = 0
        self.store_failures = 0
        self.reclaims = 0
        self.rebalances = 0
        self.last_checkpoint_seconds = 0.0
        self._stored_people = 0
        self._stored_bytes = 0
        own = self._own = CollectorRegistry()
        delay = Names.APPLY_DELAY.histogram(own)
        self._apply_delay = {topic: delay.labels(topic.value) for topic in (Topic.EVENTS, Topic.HANDOFFS)}
        self._publish_delay = Names.PUBLISH_DELAY.histogram(own)
        self._publish_duration = Names.PUBLISH_DURATION.histogram(own)
        self._checkpoint_duration = Names.CHECKPOINT_DURATION.histogram(own)
        self._take_duration = Names.TAKE_DURATION.histogram(own)

    def note_taken(self, seconds: float) -> None:
        """An assignment is ours, claimed and loaded."""
        self.rebalances += 1
        self._take_duration.observe(seconds)

    def note_applied(self, owned: OwnedPartition, stored: StoredRecord) -> None:
        """A record is in the state."""
        self._apply_delay[stored.record.topic].observe(self._seconds_since(stored.appended_ms))
        owned.waits.apply(stored.appended_ms)

    def note_published(self, owned: Collection[OwnedPartition], seconds: float) -> None:
        """The publications of these partitions can be read by everybody."""
        self._publish_duration.observe(seconds)
        for one in owned:
            for appended_ms in one.waits.publishing_ms:
                self._publish_delay.observe(self._seconds_since(appended_ms))
            one.waits.publishing_ms = []

    def note_checkpoint(self, owned: Collection[OwnedPartition], seconds: float) -> None:
        """The pending checkpoints of these partitions are durable."""
        self.checkpoints += 1
        self.last_checkpoint_seconds = seconds
        self._checkpoint_duration.observe(seconds)
        for one in owned:
            one.waits.saving_since = None
            if one.checkpoint is not None:
                self._stored_people += len(one.checkpoint.people)
                self._stored_bytes += sum(len(row.state) for row in one.checkpoint.people)
                _say_warnings(one.number, one.checkpoint.snapshot.warnings)

    def collect(self) -> Iterator[Metric]:
        """What was counted."""
        yield Names.EVENTS_APPLIED.told(self.events_applied)
        yield Names.HANDOFFS_APPLIED.told(self.handoffs_applied)
        yield Names.POISON_RECORDS.told(self.poison_records)
        yield Names.WAREHOUSE_FAILURES.told(self.store_failures)
        yield Names.OUTRANKED.told(self.reclaims)
        yield Names.REBALANCES.told(self.rebalances)
        yield from self._own.collect()

    def _seconds_since(self, moment_ms: int) -> float:
        # The log's clock may be another machine's.
        return max(0, self._clock() - moment_ms) / 1000

    def person_bytes(self) -> float:
        """Estimate of what a person takes in memory."""
        mean = self._stored_bytes / self._stored_people if self._stored_people else _USUAL_BYTES
        return mean + _BYTES_BESIDE


def _say_warnings(partition: int, warnings: Sequence[IdentityWarning]) -> None:
    """What is odd about ids is stored with its details; the log names the messages."""
    if warnings:
        ids = [warning.message_id for warning in warnings[:_IDS_IN_A_LINE]]
        kinds = sorted({warning.kind for warning in warnings})
        extra = {"partition": partition, "warnings": len(warnings), "kinds": kinds, "message_ids": ids}
        log.info("identity warnings", extra=extra)


def standing(owned: Sequence[OwnedPartition], telemetry: WorkerTelemetry) -> Iterator[Metric]:
    """How the partitions stand now."""
    people = sum(len(one.state.people) for one in owned)
    yield Names.ASSIGNED_PARTITIONS.told(len(owned))
    yield Names.PEOPLE.told(people)
    yield Names.STATE_BYTES.told(people * telemetry.person_bytes())
    yield Names.UNSAVED_CHANGES.told(sum(one.state.unsaved for one in owned))
    yield Names.CHECKPOINT_AGE.told({(str(one.number),): one.waits.unsaved_seconds() for one in owned})


def lag(owned: Sequence[OwnedPartition], events: LogReader, handoffs: LogReader) -> Iterator[Metric]:
    """What the partitions have left to apply; nothing is told while the log does not answer."""
    # Positions before ends, so that a lag is never below the truth.
    applied = [
        (topic, one.number, position)
        for one in owned
        for topic, position in ((Topic.EVENTS, one.events), (Topic.HANDOFFS, one.handoffs))
    ]
    try:
        ends = {Topic.EVENTS: events.end_offsets(Topic.EVENTS), Topic.HANDOFFS: handoffs.end_offsets(Topic.HANDOFFS)}
    except LogUnavailable:
        return
    yield Names.LAG_RECORDS.told(
        {(topic.value, str(number)): max(0, ends[topic][number] - position) for topic, number, position in applied}
    )
