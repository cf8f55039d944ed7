"""The engine's process: Faust, loader, warehouse, alerting, read API and pages, SQL face.

Wires the parts and decides in which order they start and end; whatever fails ends the process, which starts again.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from pathlib import Path
from typing import Any

from alerting.alerter import Alerter
from northstream.api_thread import ApiThread
from northstream.background import Background
from northstream.engine_parts import Stores, create_alerter, create_api, create_loader, create_sql_face, open_stores
from northstream.launch import Launch
from northstream.ports import reachable_host
from northstream.pruning import PAUSE_SECONDS, write_counted
from northstream.replay_request import ReplayRequest
from schemas.checkpoints import StoreUnavailable
from schemas.log import LogUnavailable
from schemas.reading import ReadingUnavailable
from schemas.topics import Topic
from stream.app import StreamSettings, create_app
from stream.app import run as run_stream
from stream.log.offsets import LOADER, CommittedOffsets
from stream.log.transport import LOCAL_BROKER, LocalTopics
from stream.log.wakeup import Doorbell, WakeListener
from stream.worker import NextOffsets, Worker
from warehouse.history import WarehouseHistory
from warehouse.loader import Loader

DRAIN_SECONDS = 10.0
"""How long the end waits for everything in the log to be counted and loaded; what is not is done at the next start."""

_LOOK_SECONDS = 0.1

_GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""An event makes a few objects that live on; Python's own thresholds spent a tenth of the stream's time on looking."""

_REPLAY_LOOK_SECONDS = 1.0
_READING_PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


def run(launch: Launch) -> None:
    """Run the engine until SIGTERM; what the log holds by then is counted and loaded first."""
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    asyncio.run(_run(launch))


async def _run(launch: Launch) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bell = Doorbell()
    stores = await asyncio.to_thread(open_stores, launch.settings, bell.ring)
    try:
        await _Engine(launch, stores, bell, stop).live()
    finally:
        stores.close()


class _Engine:
    """The running parts of one start."""

    def __init__(self, launch: Launch, stores: Stores, bell: Doorbell, stop: asyncio.Event) -> None:
        settings = launch.settings
        self._stores = stores
        self._stop = stop
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake = WakeListener(stores.places.wake_socket)
        self._alerter: Alerter = create_alerter(stores, f"http://{reachable_host(settings.host)}:{settings.port}")
        self._published = asyncio.Event()
        self._replay = ReplayRequest(stores.places.replay_request)
        self._rebuilds = self._replay.is_open()
        self._worker = Worker(
            stores.workspace.stream,
            stores.people,
            stores.events,
            stores.handoffs,
            stores.handoffs,
            history=WarehouseHistory(stores.warehouse),
            rebuild_asked=self._rebuilds,
            on_published=self._note_publication,
            on_checkpoint=self._note_checkpoint,
        )
        self._offsets = CommittedOffsets(stores.places.handoffs_log)
        self._loader: Loader = create_loader(stores, self._note_load, self._fail)
        self._stream_settings = StreamSettings(LocalTopics(stores.events, stores.handoffs, self._offsets, bell))
        api = create_api(stores, settings, self._worker, self._alerter)
        apps = [
            (api, listen_on(stores.places.engine_socket)),
            (create_sql_face(stores, settings), launch.socket("sql")),
        ]
        self._api = ApiThread(apps, api.state.close_streams, self._fail)
        self._alerting = Background("alerter", self._alerter.run, self._fail)
        self._wake.subscribe(bell.ring)
        self._wake.subscribe(self._loader.notify)

    async def live(self) -> None:
        """Run until told to stop or something fails.

        Raises:
            Exception: what failed first.
        """
        stopping = asyncio.create_task(self._stop.wait())
        taking = asyncio.create_task(self._take_all())
        self._loader.start()
        self._api.start()
        self._alerting.start()
        try:
            await self._first_end_of(taking, stopping)
            if taking.done():
                await self._stream(stopping)
        finally:
            await self._end(taking, stopping)

    async def _take_all(self) -> None:
        """Own every partition before Faust asks for them: a rebuild may take longer than Faust waits."""
        await self._worker.take_partitions(self._stores.partitions, 0)
        # People are no garbage: without this every full collection would walk through all of them.
        gc.collect()
        gc.freeze()

    async def _stream(self, stopping: "asyncio.Task[object]") -> None:
        """Count what is in the log until told to stop; then everything that is there by then."""
        stream_stop = asyncio.Event()
        app = create_app(broker=LOCAL_BROKER, worker=self._worker, settings=self._stream_settings)
        streaming = asyncio.create_task(run_stream(app, stream_stop))
        beside = [
            asyncio.create_task(run)
            for run in (self._worker.run(), self._tell_counted(), self._stop_for_replay(), self._follow_completeness())
        ]
        try:
            await self._first_end_of(streaming, stopping, *beside)
            if stopping.done():
                await self._settle()
            stream_stop.set()
            await streaming
            await self._worker.finish()
        finally:
            for task in (streaming, *beside):
                task.cancel()
            await asyncio.gather(streaming, *beside, return_exceptions=True)

    async def _first_end_of(self, *tasks: "asyncio.Task[Any]") -> None:
        """Wait until one task ends or something fails, and raise its error."""
        await asyncio.wait((*tasks, self._failure), return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, self._failure):
            if task.done():
                task.result()

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

    async def _follow_completeness(self) -> None:
        """`complete_through` comes from comparing readings: taken here, it moves on however seldom it is asked for."""
        while True:
            await self._published.wait()
            self._published.clear()
            with contextlib.suppress(ReadingUnavailable):
                await asyncio.to_thread(self._stores.reports.completeness)
            await asyncio.sleep(_READING_PAUSE_SECONDS)

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

    async def _end(self, *tasks: "asyncio.Task[object]") -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._wake.close()
        self._alerter.stop()
        for end in (self._loader.stop, self._alerting.join, self._api.stop, self._offsets.close):
            await asyncio.to_thread(end)
        self._failure.cancel()

    async def _tell_counted(self) -> None:
        """Tell the collector once a minute what it may prune, and prune the hand-offs ourselves."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await asyncio.to_thread(tell_counted, self._stores, self._loader)
            except (StoreUnavailable, ReadingUnavailable, LogUnavailable, OSError) as error:
                log.warning("the log cannot be told now what is counted: %s", error)

    def _fail(self, error: Exception) -> None:
        """Something ended that should not; any thread may say so."""
        loop = self._failure.get_loop()
        loop.call_soon_threadsafe(_fail_once, self._failure, error)


def _fail_once(failure: "asyncio.Future[None]", error: Exception) -> None:
    if not failure.done():
        failure.set_exception(error)


def tell_counted(stores: Stores, loader: Loader) -> None:
    """Write up to where the log is counted, checkpointed and loaded; remove hand-offs that are applied for good."""
    heads = stores.people.latest_heads(stores.partitions)
    headers = stores.people.latest_headers(stores.partitions)
    loaded = loader.loaded_up_to()
    counted = {place: offset for place, offset in loaded.items() if place[0] is Topic.QUARANTINE}
    for partition in heads.keys() & headers.keys():
        positions = (heads[partition].positions, headers[partition].positions)
        place = (Topic.EVENTS, partition)
        counted[place] = min(loaded.get(place, 0), *(position.events for position in positions))
        stores.handoffs.prune(Topic.HANDOFFS, partition, min(position.handoffs for position in positions))
    write_counted(stores.places.counted, counted)


def listen_on(path: Path) -> socket.socket:
    """A listening Unix socket in place of one that an earlier start left behind."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(1024)
    return listening
