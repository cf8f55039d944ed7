"""Real HTTP receivers on loopback whose answers a test scripts.

Does not know alerting: they take what comes and keep it.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Arrival:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answering:
    """An HTTP server that answers by a script: (status, headers) per request, the last one for ever."""

    script: list[tuple[int, dict[str, str]]]
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                outer.arrivals.append(Arrival(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Silent:
    """A TCP server that accepts and then never answers, or closes at once."""

    def __init__(self, closes: bool) -> None:
        self.accepted: list[socket.socket] = []
        self.count = 0
        self._closes = closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.count += 1
            if self._closes:
                connection.close()
            else:
                self.accepted.append(connection)

    def close(self) -> None:
        self._listener.close()
        for connection in self.accepted:
            connection.close()


@pytest.fixture
def answering() -> Iterator[Callable[..., Answering]]:
    """Starts an answering receiver: `answering((500, {}), (200, {}))`."""
    started: list[Answering] = []

    def start(*script: tuple[int, dict[str, str]]) -> Answering:
        started.append(Answering(list(script) or [(200, {})]))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def silent() -> Iterator[Callable[[bool], Silent]]:
    """Starts a receiver that never answers: `silent(closes=True)` hangs up at once."""
    started: list[Silent] = []

    def start(closes: bool) -> Silent:
        started.append(Silent(closes))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits for a condition, 20 s at most."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "did not happen within 20 s"
            time.sleep(0.01)

    return wait
