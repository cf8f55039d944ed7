"""A worker's process: its share of the partitions under Faust, from Kafka, with people and counters in the warehouse.

Does not load events: see `northstream.roles.loader`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.operations import operations
from northstream.parts.cluster_stores import ClusterStores, open_cluster_stores
from northstream.parts.kafka_log import open_appender
from northstream.parts.stores import Stores
from northstream.parts.stream import run_stream, tune_garbage_collection
from northstream.parts.warehouse_check import warehouse_check
from northstream.settings import Settings
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.timely import Timely
from northstream.waiting_app import wait_for_servers
from schemas.log import LogAppender
from stream.app import StreamApp, StreamSettings, create_app
from stream.cycles import WorkerSettings
from stream.kafka.log import KafkaLog
from stream.kafka.transport import kafka_broker
from stream.worker import Worker

log = logging.getLogger(__name__)


def run(launch: Launch) -> None:
    """Count until SIGTERM; what is counted then is checkpointed, and others take the partitions over."""
    tune_garbage_collection()
    live(lambda lifetime: _work(launch, lifetime))


async def _work(launch: Launch, lifetime: Lifetime) -> None:
    cluster, handoffs = await wait_for_servers(lambda: _open(launch.settings), launch, lifetime)
    try:
        await _stream(launch, cluster.stores, handoffs, lifetime)
    finally:
        await asyncio.to_thread(handoffs.close)
        await asyncio.to_thread(cluster.close)


def _open(settings: Settings) -> tuple[ClusterStores, KafkaLog]:
    """What it reads, and where its hand-offs go."""
    cluster = open_cluster_stores(settings)
    try:
        return cluster, open_appender(settings)
    except BaseException:
        cluster.close()
        raise


async def _stream(launch: Launch, stores: Stores, handoffs: LogAppender, lifetime: Lifetime) -> None:
    settings = launch.settings
    worker = create_worker(stores, handoffs, WorkerSettings(poison_limit=settings.poison_limit))
    registry = process_registry("worker", worker, Timely(worker.collect_lag))
    app = create_app(broker=kafka_broker(settings.kafka), worker=worker, settings=stream_settings(settings))
    async with operations(launch, _readiness(stores, worker, app), telemetry_of(registry)):
        await run_stream(worker, app, lifetime)


def _readiness(stores: Stores, worker: Worker, app: StreamApp) -> Callable[[], Mapping[str, bool]]:
    """Ready is who has partitions, or was told that there are none left for it: then it stands by."""
    warehouse = warehouse_check(stores.warehouse)
    return lambda: {**warehouse(), "partitions": worker.has_partitions or app.unassigned}


def create_worker(stores: Stores, handoffs: LogAppender, settings: WorkerSettings) -> Worker:
    """A worker over the log that `stores` reads; hand-offs go to `handoffs`. Only `northstream replay` rebuilds."""
    return Worker(stores.workspace.stream, stores.people, stores.events, stores.handoffs, handoffs, settings=settings)


def stream_settings(settings: Settings) -> StreamSettings:
    """One consumer group for all workers."""
    return StreamSettings(
        group=f"{settings.kafka_prefix}stream",
        topic_prefix=settings.kafka_prefix,
        load_timeout_seconds=settings.take_seconds,
    )
