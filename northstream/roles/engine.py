"""The engine's process: Faust, loader, warehouse, alerting, read API and pages, SQL face, all over embedded stores.

Wires the parts and decides in which order they start and end; whatever fails ends the process, which starts again.
"""

import asyncio
import logging
import socket
from pathlib import Path
from typing import Any

from northstream.api_thread import ApiThread
from northstream.background import Background
from northstream.clock import unix_ms
from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.live_alerts import follow_alerts
from northstream.parts.alert_numbers import RunningNumbers
from northstream.parts.alerting import create_alerter
from northstream.parts.boards import create_api, follow_completeness
from northstream.parts.embedded_expert import EmbeddedExpert
from northstream.parts.embedded_stores import EmbeddedStores, open_embedded_stores
from northstream.parts.measuring import open_measuring
from northstream.parts.sql import create_sql_face
from northstream.parts.stream import freeze_people, run_stream, tune_garbage_collection
from northstream.parts.watching import WatchSender, watches
from northstream.ports import reachable_host
from northstream.pruning import PAUSE_SECONDS
from northstream.replay_request import ReplayRequest
from northstream.telemetry.completeness import CompletenessTelemetry
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.requests import observed_api, observed_sql
from northstream.telemetry.timely import Timely
from northstream.telemetry.watching import WatchTelemetry
from schemas.checkpoints import StoreUnavailable
from schemas.log import LogUnavailable
from schemas.reading import ReadingUnavailable
from stream.app import StreamSettings, create_app
from stream.log.offsets import LOADER, CommittedOffsets
from stream.log.transport import LOCAL_BROKER, LocalTopics
from stream.log.wakeup import Doorbell, WakeListener
from stream.worker import NextOffsets, Worker
from warehouse.client import Warehouse
from warehouse.history import WarehouseHistory
from warehouse.loader import Loader

DRAIN_SECONDS = 10.0
"""How long the end waits for everything in the log to be counted and loaded; what is not is done at the next start."""

_LOOK_SECONDS = 0.1
_REPLAY_LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


def run(launch: Launch) -> None:
    """Run the engine until SIGTERM; what the log holds by then is counted and loaded first."""
    tune_garbage_collection()
    live(lambda lifetime: _run(launch, lifetime))


async def _run(launch: Launch, lifetime: Lifetime) -> None:
    bell = Doorbell()
    embedded = await asyncio.to_thread(open_embedded_stores, launch.settings, bell.ring)
    try:
        await _Engine(launch, embedded, bell, lifetime).live()
    finally:
        embedded.close()


class _Engine:
    """The running parts of one start."""

    def __init__(self, launch: Launch, embedded: EmbeddedStores, bell: Doorbell, lifetime: Lifetime) -> None:
        settings, places, stores = launch.settings, embedded.places, embedded.stores
        self._settings = settings
        self._embedded = embedded
        self._stores = stores
        self._lifetime = lifetime
        self._wake = WakeListener(places.wake_socket)
        url = f"http://{reachable_host(settings.host)}:{settings.port}"
        background = Warehouse.embedded(places.warehouse, size=1)
        self._measuring = open_measuring(stores, settings, background, EmbeddedExpert(places.warehouse), lifetime.fail)
        self._numbers = RunningNumbers(stores, self._measuring.measures, lifetime.fail)
        alerts = follow_alerts(settings, stores.workspace, self._measuring.catalogue)
        self._alerter = create_alerter(stores, self._numbers.numbers, alerts, places.alerts, url)
        self._published = asyncio.Event()
        self._replay = ReplayRequest(places.replay_request)
        self._rebuilds = self._replay.is_open()
        self._worker = Worker(
            stores.workspace.stream,
            stores.people,
            embedded.events,
            embedded.handoffs,
            embedded.handoffs,
            history=WarehouseHistory(stores.warehouse),
            rebuild_asked=self._rebuilds,
            on_published=self._note_publication,
            on_checkpoint=self._note_checkpoint,
        )
        self._offsets = CommittedOffsets(places.handoffs_log)
        self._loader = Loader(
            embedded.events, stores.warehouse, on_loaded=self._note_load, on_failure=self._lifetime.fail
        )
        self._stream_settings = StreamSettings(LocalTopics(embedded.events, embedded.handoffs, self._offsets, bell))
        self._api = self._create_faces(launch)
        self._alerting = Background("alerter", self._alerter.run, self._lifetime.fail)
        self._watch = WatchSender(settings, url, len(stores.partitions))
        self._watching = Background("watch", self._watch.run, self._lifetime.fail)
        self._wake.subscribe(bell.ring)
        self._wake.subscribe(self._loader.notify)

    def _create_faces(self, launch: Launch) -> ApiThread:
        """Read API and pages on the Unix socket, SQL on its port."""
        completeness = CompletenessTelemetry(self._stores.reports, unix_ms)
        watch = WatchTelemetry(self._stores.watch, unix_ms)
        asking = Timely(self._worker.collect_lag, self._loader.collect_lag, completeness.collect, watch.collect)
        told = (self._worker, self._loader, self._alerter, self._measuring.telemetry, asking)
        registry = process_registry("engine", *told)
        measures = self._measuring.measures
        api = create_api(self._stores, launch.settings, telemetry_of(registry), self._alerter.shown, measures)
        places = self._embedded.places
        sql = create_sql_face(places.warehouse, launch.settings)
        apps = [
            (observed_api(api, registry), listen_on(places.engine_socket)),
            (observed_sql(sql, registry), launch.socket("sql")),
        ]
        return ApiThread(apps, api.state.close_streams, self._lifetime.fail)

    async def live(self) -> None:
        """Run until told to stop or something fails.

        Raises:
            Exception: what failed first.
        """
        taking = asyncio.create_task(self._take_all())
        self._loader.start()
        self._api.start()
        self._numbers.start()
        self._alerting.start()
        self._measuring.start()
        if watches(self._settings):
            self._watching.start()
        try:
            await self._lifetime.first_end_of(taking)
            if taking.done():
                await self._stream()
        finally:
            await self._end(taking)

    async def _take_all(self) -> None:
        """Own every partition before Faust asks for them: a rebuild may take longer than Faust waits."""
        await self._worker.take_partitions(self._stores.partitions, 0)
        freeze_people()

    async def _stream(self) -> None:
        """Count what is in the log until told to stop; then everything that is there by then."""
        beside = (self._tell_counted(), self._stop_for_replay(), follow_completeness(self._stores, self._publication))
        app = create_app(broker=LOCAL_BROKER, worker=self._worker, settings=self._stream_settings)
        await run_stream(self._worker, app, self._lifetime, beside, self._settle)

    async def _stop_for_replay(self) -> None:
        """End when a rebuild is asked for: the next start does it. One that this start has done is no reason."""
        while True:
            await asyncio.sleep(_REPLAY_LOOK_SECONDS)
            if not self._rebuilds and self._replay.is_open():
                break
        log.warning("a rebuild of people and counters is asked for; starting again to do it")

    def _note_publication(self) -> None:
        self._alerter.notify()
        self._published.set()

    async def _publication(self) -> None:
        await self._published.wait()
        self._published.clear()

    def _note_load(self) -> None:
        """The collector's log learns how far the loader has come; in the loader's thread."""
        try:
            self._offsets.store(self._loader.loaded_up_to(), LOADER)
        except LogUnavailable as error:
            log.warning("offsets cannot be stored now: %s", error)

    async def _note_checkpoint(self, stored: NextOffsets) -> None:
        """The collector's log learns how far readers have come; a rebuild that was asked for is durable now."""
        try:
            await asyncio.to_thread(self._offsets.store, stored)
        except LogUnavailable as error:
            log.warning("offsets cannot be stored now: %s", error)
        if self._rebuilds:
            self._replay.close()
            self._rebuilds = False
            log.info("people and counters are rebuilt")

    async def _settle(self) -> None:
        """Nothing new arrives any more: wait until all of it is counted, loaded and published."""
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                completeness = await asyncio.to_thread(self._stores.reports.completeness)
            except ReadingUnavailable:
                return
            if completeness.lag_events == 0:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        log.warning("not everything was counted within %.0f s; the next start goes on with it", DRAIN_SECONDS)

    async def _end(self, *tasks: "asyncio.Task[Any]") -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._wake.close()
        self._watch.stop()
        self._alerter.stop()
        numbers, measuring = self._numbers.stop, self._measuring.stop
        ends = (self._loader.stop, self._alerting.join, numbers, measuring, self._api.stop, self._offsets.close)
        for end in ends:
            await asyncio.to_thread(end)

    async def _tell_counted(self) -> None:
        """Tell the collector once a minute what it may prune, and prune the hand-offs ourselves."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await asyncio.to_thread(self._embedded.tell_counted, self._loader.loaded_up_to())
            except (StoreUnavailable, ReadingUnavailable, LogUnavailable, OSError) as error:
                log.warning("the log cannot be told now what is counted: %s", error)


def listen_on(path: Path) -> socket.socket:
    """A listening Unix socket in place of one that an earlier start left behind."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(1024)
    return listening
