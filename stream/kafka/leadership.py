"""One of several equal processes is the leader, as Kafka's group protocol has it: who holds a topic's only partition.

Does not do the leader's work, and does not fence it: what a frozen leader still does after waking must be harmless.
"""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from schemas.log import LogUnavailable
from schemas.topics import Topic
from stream.kafka.connections import LIBRARY_ERRORS, connect
from stream.kafka.leader_sign import LeaderSign
from stream.kafka.topics import COLLECTORS

SESSION_SECONDS = 6.0
CERTAIN_SECONDS = SESSION_SECONDS / 2
"""A leader whom the brokers have not confirmed for so long takes itself for none, long before another is chosen."""

_HEARTBEAT_SECONDS = 2.0
_REBALANCE_SECONDS = 10.0
_CONFIRM_SECONDS = 1.0
_POLL_MS = 200
_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)

Positions = Mapping[tuple[Topic, int], int]


class Leadership:
    """Takes part in a thread of its own. Every second the leader commits what its work has reached, by which the
    brokers confirm that it still is the leader, and ordinary tools see its lag.
    """

    def __init__(
        self,
        brokers: str,
        prefix: str,
        on_change: Callable[[bool], None] = lambda leads: None,
        on_failure: Callable[[Exception], None] = lambda error: None,
    ) -> None:
        """`brokers` is `host:port,…`, the group `{prefix}loader`. In the thread are called `on_change`, with whether
        this process leads now, and `on_failure` when it takes part no more and never will."""
        self._brokers = brokers
        self._group = f"{prefix}loader"
        self._place = TopicPartition(f"{prefix}{COLLECTORS}", 0)
        self._prefix = prefix
        self._on_change = on_change
        self._on_failure = on_failure
        self._lock = Lock()
        self._holds = False
        self._confirmed_at = float("-inf")
        self._releases = 0
        self._positions: dict[Any, int] = {}
        self._said = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="leadership", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Leave the group, so that another leads at once."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def is_leader(self) -> bool:
        """Whether this process certainly leads now; from any thread, at no cost."""
        with self._lock:
            return self._holds and time.monotonic() - self._confirmed_at < CERTAIN_SECONDS

    def note_reached(self, positions: Positions) -> None:
        """By (topic, partition) the next offset that the leader's work needs; told to Kafka within a second."""
        with self._lock:
            self._positions = {
                TopicPartition(f"{self._prefix}{topic}", partition): offset
                for (topic, partition), offset in positions.items()
            }

    def _run(self) -> None:
        try:
            self._take_part()
        except Exception as error:
            # The last frame of the thread: whoever started it decides what its end means.
            log.exception("cannot take part in %s any more", self._group)
            self._on_failure(error)

    def _take_part(self) -> None:
        while not self._stopping.is_set():
            try:
                self._take_part_once()
            except (*LIBRARY_ERRORS, LogUnavailable) as error:
                log.warning("the group %s cannot be reached: %s", self._group, error)
                self._stopping.wait(_AGAIN_SECONDS)
            finally:
                self._release()

    def _take_part_once(self) -> None:
        consumer = connect(
            KafkaConsumer,
            self._brokers,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=int(SESSION_SECONDS * 1000),
            heartbeat_interval_ms=int(_HEARTBEAT_SECONDS * 1000),
            max_poll_interval_ms=int(_REBALANCE_SECONDS * 1000),
            # Who leads goes on to do so when others come.
            partition_assignment_strategy=[StickyPartitionAssignor],
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        try:
            consumer.subscribe([self._place.topic], listener=_Listener(self._release))
            self._stay(consumer)
        finally:
            consumer.close(autocommit=False, timeout_ms=2_000)

    def _stay(self, consumer: Any) -> None:
        """Until the process stops, or nobody leads for so long that the group must be joined anew."""
        confirm_at = 0.0
        sign = LeaderSign(self._place)
        while not (self._stopping.is_set() or sign.is_leaderless):
            consumer.poll(timeout_ms=_POLL_MS)
            if not consumer.assignment():
                self._release()
                sign.look(consumer)
            elif time.monotonic() >= confirm_at:
                confirm_at = time.monotonic() + _CONFIRM_SECONDS
                consumer.pause(*consumer.assignment())
                self._confirm(consumer, sign)
            self._tell()
        if sign.is_leaderless:
            log.warning("nobody leads %s: it is joined anew", self._group)

    def _confirm(self, consumer: Any, sign: LeaderSign) -> None:
        """The brokers take a commit only from a member of the present generation; what counts is when it was sent."""
        asked_at = time.monotonic()
        with self._lock:
            reached, releases = dict(self._positions), self._releases
        try:
            offsets = {place: OffsetAndMetadata(offset, "", -1) for place, offset in reached.items()}
            consumer.commit({**offsets, self._place: sign.next()}, timeout_ms=int(_CONFIRM_SECONDS * 1000))
        except KafkaError as error:
            log.warning("not confirmed as the leader of %s: %r", self._group, error)
            return
        sign.note_confirmed()
        with self._lock:
            if self._releases == releases:
                self._holds, self._confirmed_at = True, asked_at

    def _release(self) -> None:
        with self._lock:
            self._holds = False
            self._releases += 1

    def _tell(self) -> None:
        leads = self.is_leader
        if leads != self._said:
            self._said = leads
            log.info("this process %s %s", "leads" if leads else "stands by in", self._group)
            self._on_change(leads)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Called while the group forms anew, before another member may get the partition."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release

    def on_partitions_revoked(self, revoked: Any) -> None:
        self._release()

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Whoever gets the partition leads once the brokers have confirmed it."""
