"""The loader's process: carries Kafka's topics `events` and `quarantine` into the warehouse.

Several may run: one loads, the others stand by.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass

from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.operations import operations
from northstream.parts.kafka_log import open_reader
from northstream.parts.server_warehouse import check_counted_log, open_warehouse
from northstream.parts.warehouse_check import warehouse_check
from northstream.settings import Settings
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.timely import Timely
from northstream.waiting_app import wait_for_servers
from schemas.log import LogReader
from stream.kafka.leadership import Leadership
from warehouse.client import Warehouse
from warehouse.dead_letters import PoisonLimit
from warehouse.loader import Loader

DRAIN_SECONDS = 10.0
"""How long the end waits for a load under way."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where events come from and go to."""

    log: LogReader
    warehouse: Warehouse
    resources: ExitStack


def run(launch: Launch) -> None:
    """Load until SIGTERM; what the log holds then is for the next leader."""
    live(lambda lifetime: _load(launch, lifetime))


async def _load(launch: Launch, lifetime: Lifetime) -> None:
    ends = await wait_for_servers(lambda: _open(launch.settings), launch, lifetime)
    leadership = Leadership(
        launch.settings.kafka,
        launch.settings.kafka_prefix,
        on_change=lambda leads: loader.notify(),
        on_failure=lifetime.fail,
    )
    loader = Loader(
        ends.log,
        ends.warehouse,
        on_loaded=lambda: leadership.note_reached(loader.loaded_up_to()),
        on_failure=lifetime.fail,
        may_load=lambda: leadership.is_leader,
        poison_limit=PoisonLimit(launch.settings.poison_limit),
    )
    try:
        telemetry = telemetry_of(process_registry("loader", loader, Timely(loader.collect_lag)))
        async with operations(launch, warehouse_check(ends.warehouse), telemetry):
            leadership.start()
            loader.start()
            try:
                await lifetime.first_end_of()
            finally:
                await asyncio.to_thread(loader.stop, DRAIN_SECONDS, drain=False)
                # The next leader begins when this one has ended, or has given up waiting: the ledger bears two.
                await asyncio.to_thread(leadership.stop)
    finally:
        await asyncio.to_thread(ends.resources.close)


def _open(settings: Settings) -> _Ends:
    with ExitStack() as stack:
        warehouse = open_warehouse(settings)
        stack.callback(warehouse.close)
        log = open_reader(settings)
        stack.callback(log.close)
        check_counted_log(warehouse, log.partitions, settings)
        return _Ends(log, warehouse, stack.pop_all())
