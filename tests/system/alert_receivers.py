"""Receivers of webhooks as people run them: each path is one; what came is kept, with its signature checked.

Imports nothing of the product. Answers 204 unless told otherwise.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ports import HOST
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Arrival:
    """One message of a receiver. `id`: its `webhook-id`, which tells copies."""

    receiver: str
    id: str
    type: str
    data: dict[str, Any]


@dataclass
class Receivers:
    """`port` of the server; the name of a receiver is its path without the slash."""

    port: int
    arrivals: list[Arrival] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)

    def yaml(self, *names: str) -> str:
        """The section of `alerts/*.yaml`."""
        lines = (
            f'  - {{name: {name}, webhook: {{url: "http://{HOST}:{self.port}/{name}", secret: "{SECRET}", '
            "allow_private: true}}"
            for name in names
        )
        return "receivers:\n" + "\n".join(lines) + "\n"

    def told(self, alert: str, kind: str = "", receiver: str = "") -> list[Arrival]:
        """Messages about an alert, copies of one left out, in the order of their arrival."""
        found = {
            each.id: each
            for each in reversed(self.arrivals)
            if each.data.get("alert") == alert and kind in ("", each.type) and receiver in ("", each.receiver)
        }
        return list(reversed(found.values()))


@contextmanager
def listening() -> Iterator[Receivers]:
    """Receivers on a port of their own until the end."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer((HOST, 0), handler)
    receivers = Receivers(server.server_address[1])
    handler.receivers = receivers  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receivers
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receivers: Receivers

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.strip("/")
        try:
            message = Webhook(SECRET).verify(body, dict(self.headers))
        except Exception as error:
            self.receivers.forged.append(f"{name}: {error!r} {body[:200]!r}")
            message = json.loads(body)
        arrival = Arrival(name, self.headers["webhook-id"], message["type"], message["data"])
        self.receivers.arrivals.append(arrival)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""
