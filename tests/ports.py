"""Ports for servers that tests start: free, and given to nobody else of this run.

Does not hold them: what is started takes them a moment later.
"""

import contextlib
import os
import random
import socket
from collections.abc import Sequence

HOST = "127.0.0.1"

_RANGE = range(10_000, 32_000)
"""Below those that the system gives to outgoing connections, which come and go all the time.

A client that dials one of those while its server is away may even reach itself, and the server could not come back.
"""

_WORKERS = 16
"""Processes of one test run, each with ports of its own."""

_given: set[int] = set()


def free_ports(count: int) -> Sequence[int]:
    """Ports that nobody listens on now; none is given twice."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _WORKERS
    own = list(_RANGE[number::_WORKERS])
    # Tests that seed the random numbers of the process would else get the same ports again.
    random.SystemRandom().shuffle(own)
    ports: list[int] = []
    while len(ports) < count:
        port = own.pop()
        if port not in _given and _is_free(port):
            _given.add(port)
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server((HOST, port)):
        return True
    return False
