"""`/readyz` follows the engine at once (contracts §5): ready is when the log is writable and the engine answers."""

import contextlib
from http.client import HTTPException
from pathlib import Path

from system.faces import wait_until
from system.running import NorthStream

KILLS = 3


def test_whoever_gets_an_answer_finds_the_product_ready(tmp_path: Path) -> None:
    """After each kill of the engine the first read that is answered is followed by a `/readyz` of 200."""
    with NorthStream(tmp_path) as running:
        running.send({"batch": [{"type": "track", "event": "Task Completed", "userId": "ana", "messageId": "m"}]})
        running.settle()
        for _ in range(KILLS):
            running.kill("engine")
            wait_until(lambda: is_answered(running), "an answer of the engine")
            assert running.get("/readyz")["waiting_for"] == []


def is_answered(running: NorthStream) -> bool:
    with contextlib.suppress(OSError, HTTPException):
        return "lag_events" in running.get("/api/quality")
    return False
