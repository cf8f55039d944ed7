"""Wakes readers when something was appended: a bell within a process, a Unix datagram between two.

Carries no data and promises nothing: a reader that is not woken still looks now and then.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

_DATAGRAM = b"!"


class Doorbell:
    """Lets one task sleep until somebody rings; a ring while it is awake is kept. Any thread may ring."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        # The loop may have been closed by an engine that ends while an append is under way.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, timeout_seconds: float) -> bool:
        """Sleep until the next ring, at most so long; whether it rang."""
        try:
            await asyncio.wait_for(self._rung.wait(), timeout_seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class WakeSender:
    """Sends a datagram to a socket per call; never waits, and does not mind if nobody listens."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def __call__(self) -> None:
        # No listener, or one that has been woken so often that its queue is full: both need no wake-up.
        with contextlib.suppress(OSError):
            self._socket.sendto(_DATAGRAM, self._path)

    def close(self) -> None:
        self._socket.close()


class WakeListener:
    """Listens on a socket within the running loop and calls each subscriber once per burst of datagrams."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._subscribers: list[Callable[[], None]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def subscribe(self, call: Callable[[], None]) -> None:
        """`call` is run in the loop's thread and must not block."""
        self._subscribers.append(call)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(len(_DATAGRAM))
        for call in self._subscribers:
            call()
