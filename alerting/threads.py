"""A blocking call in a thread of its own, so that one which hangs takes no place from others.

Does not end the call: who must, closes what it waits for.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_own_thread(call: Callable[..., T], *arguments: Any) -> T:
    """The call's result or exception. Cancelled, it leaves the thread behind, which does not hold up the process."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, failure: BaseException | None) -> None:
        if result.done():
            return
        if failure is not None:
            result.set_exception(failure)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, failure = None, None
        try:
            value = call(*arguments)
        except Exception as raised:  # handed to whoever waits
            failure = raised
        # A loop that is closed by now has nobody who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=run, name=getattr(call, "__name__", "call"), daemon=True).start()
    return await result
