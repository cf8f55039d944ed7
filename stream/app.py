"""Builds the Faust app and runs it inside a loop that is not its own.

Does not apply records: agents hand them to the worker (`stream.worker`).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import faust
from faust.types import TP

from schemas.topics import Topic
from stream.agents import Turnstile, register_agents
from stream.kafka.client_logs import calm_client_logs
from stream.kafka.commits import GroupCommits
from stream.kafka.transport import KAFKA_SCHEME
from stream.log.transport import LocalTopics
from stream.worker_protocol import WorkerProtocol

READ_TOPICS = (Topic.EVENTS, Topic.HANDOFFS)

_LAST_RECORD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """`local` is what the embedded transport reads (None on Kafka). `load_timeout_seconds` bounds take_partitions."""

    local: LocalTopics | None = None
    group: str = "northstream-stream"
    topic_prefix: str = ""
    session_timeout_seconds: float = 6.0
    heartbeat_seconds: float = 2.0
    rebalance_timeout_seconds: float = 10.0
    load_timeout_seconds: float = 25.0


class StreamCrashed(RuntimeError):
    """Something unforeseen ended the stream; a new process goes on from the last checkpoint."""


class UnevenAssignment(RuntimeError):
    """`events` and `handoffs` were given to us with different partitions; a person needs both."""


class StreamApp(faust.App):  # type: ignore[misc]
    """The app with what our transports ask of it: offsets to start at, and the topics of the embedded log."""

    worker: WorkerProtocol
    turnstile: Turnstile
    topic_prefix: str
    local_topics: LocalTopics | None
    load_timeout_seconds: float
    commits: GroupCommits | None = None
    _loaded: tuple[tuple[int, frozenset[TP]], dict[TP, int]] | None = None

    async def load_offsets(self, assigned: set[TP], generation: int) -> dict[TP, int]:
        """Where to start reading; the worker takes an assignment once, however often Faust seeks."""
        assignment = (generation, frozenset(assigned))
        if self._loaded is None or self._loaded[0] != assignment:
            numbers = partition_numbers(assigned, self.topic_prefix)
            own = await self.worker.take_partitions(numbers, generation)
            self._loaded = assignment, self._named(own)
        return dict(self._loaded[1])

    def _named(self, offsets: Mapping[tuple[Topic, int], int]) -> dict[TP, int]:
        return {TP(self.topic_prefix + topic, partition): offset for (topic, partition), offset in offsets.items()}

    def _create_directories(self) -> None:
        """Faust keeps nothing on disk for us."""


def create_app(*, broker: str, worker: WorkerProtocol, settings: StreamSettings) -> StreamApp:
    """The Faust app for a broker URL (`stream.log.transport.LOCAL_BROKER`, `stream.kafka.transport.kafka_broker`).

    Must be called within the loop that will run it.
    """
    calm_client_logs()
    app = StreamApp(settings.group, broker=broker, **_faust_settings(settings))
    app.worker = worker
    app.topic_prefix = settings.topic_prefix
    app.local_topics = settings.local
    app.load_timeout_seconds = settings.load_timeout_seconds
    names = [settings.topic_prefix + topic for topic in READ_TOPICS]
    app.turnstile = register_agents(app, worker, names, settings.topic_prefix)
    app.on_partitions_revoked.connect(_revoker(worker), weak=False)
    if broker.startswith(KAFKA_SCHEME):
        app.commits = GroupCommits(app)
        worker.join_group(settings.session_timeout_seconds, app.commits.note)
    return app


async def run(app: StreamApp, stop: asyncio.Event) -> None:
    """Run the app until `stop` is set, then stop it cleanly: no record is half applied when this returns.

    It joins the group once its worker may take partitions, and leaves it once all that was applied is durable.

    Raises:
        StreamCrashed: the app ended by itself; its cause is the error.
    """
    stopping = asyncio.ensure_future(stop.wait())
    waiting = asyncio.ensure_future(app.worker.wait_until_free())
    await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        waiting.result()
        await _run_until(app, stopping)
    waiting.cancel()


async def _run_until(app: StreamApp, stopping: "asyncio.Future[Any]") -> None:
    beside = [stopping, *([asyncio.ensure_future(app.commits.run())] if app.commits else [])]
    life = asyncio.ensure_future(_live(app))
    ends: list[Any] = []
    try:
        await asyncio.wait((life, *beside), return_when=asyncio.FIRST_COMPLETED)
        if not life.done():
            # A record may wait inside for a warehouse that is away; it is read again then.
            await asyncio.wait((asyncio.ensure_future(app.turnstile.close()),), timeout=_LAST_RECORD_SECONDS)
            await app.worker.finish()
    finally:
        await app.stop()
        for task in (life, *beside):
            task.cancel()
        ends = await asyncio.gather(life, *beside, return_exceptions=True)
    for reason in (app.crash_reason, *ends):
        if isinstance(reason, Exception):
            raise StreamCrashed(f"the stream ended: {reason!r}") from reason


async def _live(app: StreamApp) -> None:
    await app.start()
    await app.wait_until_stopped()


def partition_numbers(assigned: set[TP], topic_prefix: str) -> list[int]:
    """The partitions assigned to us, in order.

    Raises:
        UnevenAssignment: the two topics have different ones.
    """
    by_topic = {name: {tp.partition for tp in assigned if tp.topic == topic_prefix + name} for name in READ_TOPICS}
    if by_topic[Topic.EVENTS] != by_topic[Topic.HANDOFFS]:
        raise UnevenAssignment(f"partitions assigned: {by_topic}")
    return sorted(by_topic[Topic.EVENTS])


def _revoker(worker: WorkerProtocol) -> Any:
    async def on_revoked(app: StreamApp, revoked: set[TP], **_: Any) -> None:
        # Generations begin anew when a broker forgets an empty group: the next assignment is never the one before.
        app._loaded = None
        await worker.revoke(sorted({tp.partition for tp in revoked}))

    return on_revoked


def _faust_settings(settings: StreamSettings) -> dict[str, Any]:
    """Every default of Faust that would hurt us, set."""
    return {
        "autodiscover": False,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "store": "memory://",
        "web_enabled": False,
        # A dead worker's partitions go to others after these; Faust's own are a minute.
        "broker_session_timeout": settings.session_timeout_seconds,
        "broker_heartbeat_interval": settings.heartbeat_seconds,
        "broker_rebalance_timeout": settings.rebalance_timeout_seconds,
        # A load of state longer than this hangs a worker, silently.
        "broker_request_timeout": settings.load_timeout_seconds + 5,
        # Zero would change the assignor to one that splits the partitions of our two topics differently.
        "table_standby_replicas": 1,
        "PartitionAssignor": "stream.kafka.assignor:KnownTopicsAssignor",
        # Nothing is acknowledged one by one, so there is nothing to wait for.
        "stream_wait_empty": False,
        "consumer_auto_offset_reset": "earliest",
        # Topics are made by `migrate`, with the right number of partitions.
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        # Records are blocks of up to 256 KB.
        "stream_buffer_maxsize": 64,
        "consumer_max_fetch_size": 4 * 1024 * 1024,
    }
