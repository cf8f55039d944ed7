"""A pool of database clients: each runs one call at a time, so as many calls run side by side as there are clients.

Does not know what a client is or what is asked of it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class ClientPool:
    """Clients are opened when first needed, each by the caller that needs it, so that none waits for another's opening.

    A call waits while all of them are busy.
    """

    def __init__(self, open_client: Callable[[], Any], size: int) -> None:
        self._open_client = open_client
        self._change = threading.Condition()
        self._unopened = size
        self._idle: list[Any] = []
        self._clients: list[Any] = []

    @contextmanager
    def client(self) -> Iterator[Any]:
        """One client for this caller alone."""
        client = self._take()
        try:
            yield client
        finally:
            with self._change:
                self._idle.append(client)
                self._change.notify()

    def close(self) -> None:
        """Close every client; calls still under way fail or finish first, as clients have it."""
        while self._clients:
            self._clients.pop().close()

    def _take(self) -> Any:
        with self._change:
            self._change.wait_for(lambda: bool(self._idle or self._unopened))
            if self._idle:
                return self._idle.pop()
            self._unopened -= 1
        try:
            client = self._open_client()
        except BaseException:
            with self._change:
                self._unopened += 1
                self._change.notify()
            raise
        self._clients.append(client)
        return client
