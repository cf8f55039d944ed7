"""The stream: a worker under Faust, from its first record to its last checkpoint.

Does not know which log the records come from.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from northstream.lifetime import Lifetime
from stream.app import StreamApp
from stream.app import run as run_app
from stream.worker import Worker

_GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""An event makes a few objects that live on; Python's own thresholds spent a tenth of the stream's time on looking."""


def tune_garbage_collection() -> None:
    """For processes with a stream, before it starts."""
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def freeze_people() -> None:
    """People are no garbage: without this every full collection would walk through all of them."""
    gc.collect()
    gc.freeze()


async def _nothing() -> None:
    """Nothing is to be waited for."""


async def run_stream(
    worker: Worker,
    app: StreamApp,
    lifetime: Lifetime,
    beside: Sequence[Coroutine[Any, Any, None]] = (),
    settle: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Apply what is in the log until told to stop, or until one of `beside` ends; the state is durable then.

    `settle` is awaited between the two when told to stop, while records are still applied.

    Raises:
        Exception: what ended the stream or something beside it.
    """
    stop = asyncio.Event()
    streaming = asyncio.create_task(run_app(app, stop))
    others = [asyncio.create_task(each) for each in (worker.run(), *beside)]
    try:
        await lifetime.first_end_of(streaming, *others)
        if lifetime.is_stopping:
            await settle()
        stop.set()
        await streaming
    finally:
        for task in (streaming, *others):
            task.cancel()
        await asyncio.gather(streaming, *others, return_exceptions=True)
