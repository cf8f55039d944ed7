"""Rebuilds all partitions in this one process, from the warehouse, while the workers of the group stand back.

Does not decide that it is needed: `northstream replay` asks for it.
"""

import asyncio
import logging
from collections.abc import Callable

from schemas.checkpoints import CheckpointStore, StoreUnavailable
from schemas.definitions import StreamDefinitions
from schemas.log import LogAppender, LogReader
from schemas.replay import History
from stream.cycles import Outranked
from stream.replay_hold import RENEW_SECONDS, ReplayHold
from stream.worker import Worker

_ATTEMPTS = 5
_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


async def rebuild_all(
    definitions: StreamDefinitions,
    store: CheckpointStore,
    events: LogReader,
    handoffs: LogReader,
    handoff_appender: LogAppender,
    history: History,
    on_step: Callable[[str], None] = lambda step: None,
) -> None:
    """Take all partitions, rebuild people and counters, publish and checkpoint them, and leave.

    Workers that run are outranked, end, and wait until this is done (`Worker.wait_until_free`); readers see the old
    numbers until the new ones are published at once. Cut short at any moment, the next call begins anew, and the
    workers go on as soon as they see that nobody renews the hold. `on_step` is told what is being done, for people.

    Raises:
        ReplayUnderWay: another process does it already.
        StoreUnavailable: the warehouse is away at the start. Later that is waited out, as is a loader that is behind.
        Outranked: a worker claims again and again; is one of an older version running?
    """
    hold = ReplayHold(store)
    await asyncio.to_thread(hold.renew)
    renewing = asyncio.ensure_future(_renew(hold))
    try:
        for attempt in range(_ATTEMPTS):
            rebuilding = asyncio.ensure_future(
                _rebuild_once(definitions, store, events, handoffs, handoff_appender, history, on_step)
            )
            await asyncio.wait((rebuilding, renewing), return_when=asyncio.FIRST_COMPLETED)
            if renewing.done():
                rebuilding.cancel()
                renewing.result()
            try:
                return rebuilding.result()
            except Outranked:
                # A worker that looked for a hold just before there was one has claimed just after us.
                if attempt == _ATTEMPTS - 1:
                    raise
                on_step("a worker has claimed partitions meanwhile: once more")
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await asyncio.to_thread(hold.take_back)


async def _renew(hold: ReplayHold) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        try:
            await asyncio.to_thread(hold.renew)
        except StoreUnavailable as error:
            log.warning("the hold cannot be renewed now: %s", error)


async def _rebuild_once(
    definitions: StreamDefinitions,
    store: CheckpointStore,
    events: LogReader,
    handoffs: LogReader,
    handoff_appender: LogAppender,
    history: History,
    on_step: Callable[[str], None],
) -> None:
    worker = Worker(
        definitions, store, events, handoffs, handoff_appender, history, rebuild_asked=True, heeds_holds=False
    )
    on_step("rebuilding people and counters from the stored events")
    await worker.take_partitions(range(events.partitions), 0)
    on_step("publishing the new numbers and storing the people")
    appending = asyncio.ensure_future(worker.run_hand_offs())
    try:
        while not worker.is_durable:
            await worker.cycle(force_checkpoint=True)
            await asyncio.sleep(0 if worker.is_durable else _PAUSE_SECONDS)
    finally:
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
