"""The alerter's process: judges the published numbers, delivers messages, and shows where rules stand to the boards.

Its file `alerts.db` remembers what was told to whom: one alerter works on a data folder. Of several with folders of
their own one judges, and another goes on when it is gone.
"""

import asyncio
import logging

from alerting.alerter import Alerter
from northstream.background import Background
from northstream.clock import unix_ms
from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.live_alerts import follow_alerts
from northstream.operations import operations
from northstream.parts.alert_numbers import RunningNumbers
from northstream.parts.alerting import create_alerter
from northstream.parts.cluster_stores import open_cluster_stores
from northstream.parts.measured import open_measured
from northstream.parts.stores import Stores
from northstream.parts.warehouse_check import warehouse_check
from northstream.parts.watching import WatchSender, watches
from northstream.places import Places
from northstream.ports import reachable_host
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.timely import Timely
from northstream.telemetry.watching import WatchTelemetry
from northstream.waiting_app import wait_for_servers
from schemas.checkpoints import StoreUnavailable
from warehouse.alert_states import AlertStates

_LOOK_SECONDS = 0.3
"""Published numbers are judged so soon after they were published, at most."""

_SHOW_SECONDS = 1.0
"""Boards are told at most so often where rules stand."""

_SHOW_AGAIN_MS = 10_000
"""What passes by itself is told so often."""

_PASSING = ("judged_at", "watch", "dead_mans_switch")

log = logging.getLogger(__name__)


def run(launch: Launch) -> None:
    """Judge until SIGTERM; what is not delivered then is delivered by the next start."""
    live(lambda lifetime: _alert(launch, lifetime))


async def _alert(launch: Launch, lifetime: Lifetime) -> None:
    settings = launch.settings
    cluster = await wait_for_servers(lambda: open_cluster_stores(settings), launch, lifetime)
    stores = cluster.stores
    url = settings.boards_url or f"http://{reachable_host(settings.host)}:{settings.port}"
    measured = open_measured(stores, settings)
    numbers = RunningNumbers(stores, measured.measures, lifetime.fail)
    alerts = follow_alerts(settings, stores.workspace, measured.catalogue)
    alerter = create_alerter(stores, numbers.numbers, alerts, Places.of(settings.data_dir).alerts, url, is_alone=False)
    judging = Background("alerter", alerter.run, lifetime.fail)
    measured.catalogue.start()
    numbers.start()
    judging.start()
    sender = WatchSender(settings, settings.collector_url, len(stores.partitions))
    if watches(settings):
        Background("watch", sender.run, lifetime.fail).start()
    try:
        watch = Timely(WatchTelemetry(stores.watch, unix_ms).collect)
        telemetry = telemetry_of(process_registry("alerter", alerter, watch))
        checks = warehouse_check(stores.warehouse)
        async with operations(launch, checks, telemetry, lambda: stores.watch.seconds(unix_ms())):
            following = [
                asyncio.create_task(_follow_heads(stores, alerter)),
                asyncio.create_task(_show_states(stores, alerter)),
            ]
            try:
                await lifetime.first_end_of(*following)
            finally:
                for task in following:
                    task.cancel()
    finally:
        sender.stop()
        alerter.stop()
        for end in (judging.join, numbers.stop, measured.catalogue.stop):
            await asyncio.to_thread(end)
        await asyncio.to_thread(cluster.close)


async def _follow_heads(stores: Stores, alerter: Alerter) -> None:
    """Have all rules judged as soon as any worker has published."""
    seen = None
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            heads = await asyncio.to_thread(stores.people.latest_heads, stores.partitions)
        except StoreUnavailable as error:
            log.warning("published numbers cannot be read now: %s", error)
            continue
        tags = {partition: head.tag for partition, head in heads.items()}
        if tags != seen:
            seen = tags
            alerter.notify()


async def _show_states(stores: Stores, alerter: Alerter) -> None:
    """Write where everything stands when that has changed, and now and then; nothing while another alerter judges."""
    known, written_ms = None, 0
    table = AlertStates(stores.warehouse)
    while True:
        await asyncio.sleep(_SHOW_SECONDS)
        shown, now_ms = await asyncio.to_thread(alerter.shown), unix_ms()
        lasting = {name: value for name, value in shown.items() if name not in _PASSING}
        if shown["judged_at"] is None or (lasting == known and now_ms - written_ms < _SHOW_AGAIN_MS):
            continue
        try:
            await asyncio.to_thread(table.write, shown, now_ms)
        except StoreUnavailable as error:
            log.warning("boards cannot be told now where rules stand: %s", error)
        else:
            known, written_ms = lasting, now_ms
