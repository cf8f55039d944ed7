"""The boards' process: read API, pages and the live board over the warehouse.

Does not count, load or judge: it reads what the other roles have written.
"""

import asyncio

from northstream.clock import unix_ms
from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.parts.boards import create_api, follow_completeness
from northstream.parts.cluster_stores import ClusterStores, open_cluster_stores
from northstream.parts.expert_queries import server_expert
from northstream.parts.measuring import open_measuring
from northstream.parts.server_warehouse import connect
from northstream.serving import served
from northstream.telemetry.completeness import CompletenessTelemetry
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.requests import observed_api
from northstream.telemetry.timely import Timely
from northstream.telemetry.watching import WatchTelemetry
from northstream.waiting_app import wait_for_servers
from warehouse.alert_states import AlertStates
from warehouse.client import Patience

DRAIN_SECONDS = 5
"""How long open requests may take; live streams are ended at once."""

REFRESHING = Patience(reading=120.0)
"""The first computation of a whole history may take longer than any reader would wait."""

PROBING = Patience(connecting=2.0, reading=2.0, writing=2.0)
"""A server that is silent for so long is taken for dead by reads that wait: within their five seconds."""


def run(launch: Launch) -> None:
    """Answer until SIGTERM."""
    live(lambda lifetime: _answer(launch, lifetime))


async def _answer(launch: Launch, lifetime: Lifetime) -> None:
    settings = launch.settings
    cluster = await wait_for_servers(lambda: open_cluster_stores(settings), launch, lifetime)
    try:
        await _serve(launch, cluster, lifetime)
    finally:
        await asyncio.to_thread(cluster.close)


async def _serve(launch: Launch, cluster: ClusterStores, lifetime: Lifetime) -> None:
    stores = cluster.stores
    alerts = AlertStates(stores.warehouse)
    background = connect(launch.settings, size=1, patience=REFRESHING)
    expert = server_expert(launch.settings)
    measuring = open_measuring(stores, launch.settings, background, expert, lifetime.fail, is_alone=False)
    told = (CompletenessTelemetry(stores.reports, unix_ms).collect, WatchTelemetry(stores.watch, unix_ms).collect)
    completeness = Timely(*told)
    registry = process_registry("boards", completeness, measuring.telemetry)
    probe = connect(launch.settings, size=2, patience=PROBING)
    api = create_api(stores, launch.settings, telemetry_of(registry), alerts.read, measuring.measures, probe)
    following = asyncio.create_task(follow_completeness(stores, _always))
    measuring.start()
    async with served(observed_api(api, registry), launch.socket("http"), DRAIN_SECONDS) as serving:
        try:
            await lifetime.first_end_of(serving, following)
        finally:
            following.cancel()
            await api.state.close_streams()
            await asyncio.to_thread(measuring.stop)
            await asyncio.to_thread(probe.close)


async def _always() -> None:
    """Published numbers of other processes are looked at in their own time."""
