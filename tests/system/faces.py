"""A running product as others ask it: read API, sending, SQL; the same for one process tree and for a cluster.

Imports nothing of the product. Does not start anything.
"""

import contextlib
import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from ports import HOST

PATIENCE_SECONDS = 120.0
"""How long anything may take on a machine that is busy with other things; no test asserts a time."""

OPENER = build_opener(ProxyHandler({}))  # never through a proxy of the machine

_PAUSE_SECONDS = 0.05


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Look until `holds`; `what` names what was awaited, for the one who reads the failure."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(_PAUSE_SECONDS)


class Faces:
    """What a product answers at its ports. Where it stands is told by who starts it."""

    secret_key: str
    sql_port: int

    @property
    def sending_port(self) -> int:
        """Of a collector."""
        raise NotImplementedError

    @property
    def reading_port(self) -> int:
        """Of the read API."""
        raise NotImplementedError

    def get(self, path: str) -> Any:
        """A JSON answer of the read API, with the secret key.

        Raises:
            OSError, HTTPException: there is none now.
        """
        url = f"http://{HOST}:{self.reading_port}{path}"
        request = Request(url, headers={"Authorization": f"Bearer {self.secret_key}"})
        with OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def send(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Post a batch with the secret key; the answer, which must be 200."""
        headers = {"Authorization": f"Bearer {self.secret_key}", "Content-Type": "application/json"}
        request = Request(f"http://{HOST}:{self.sending_port}/v1/batch", json.dumps(batch).encode(), headers)
        with OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status == 200
            reply: dict[str, Any] = json.load(answer)
            return reply

    def sql(self, query: str) -> list[list[Any]]:
        """The rows of a query."""
        request = Request(f"http://{HOST}:{self.sql_port}/", data=f"{query} FORMAT JSONCompact".encode())
        with OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
            rows: list[list[Any]] = json.load(answer)["data"]
            return rows

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `lag_events` is 0: everything answered 200 before is counted, loaded and published."""

        def is_settled() -> bool:
            with contextlib.suppress(OSError, HTTPException):
                return bool(self.get("/api/quality")["lag_events"] == 0)
            return False

        wait_until(is_settled, "lag_events = 0", seconds)
