"""A running `northstream up` as a stranger sees it: HTTP, SQL, and the command that starts it.

Imports nothing of the product. What it counts is compared in `comparing`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from ports import free_ports

WRITE_KEY = "wk_random_histories"
SECRET_KEY = "sk_random_histories"
PATIENCE_SECONDS = 60


@dataclass
class Running:
    """The address of a running product."""

    client: httpx.Client
    sql_url: str
    secret_key: str = SECRET_KEY

    def send(self, path: str, body: bytes, secret: bool) -> int:
        """Post and return how many messages the answer speaks of."""
        reply = self.client.post(path, content=body, auth=(SECRET_KEY if secret else WRITE_KEY, ""))
        assert reply.status_code == 200, reply.text
        verdicts = reply.json()
        return int(verdicts["accepted"] + verdicts["quarantined"])

    def ask(self, path: str, **parameters: str) -> Any:
        reply = self.client.get(path, params=parameters, headers={"Authorization": f"Bearer {self.secret_key}"})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def rows(self, statement: str) -> list[list[Any]]:
        reply = self.client.post(self.sql_url, params={"default_format": "JSONCompact"}, content=statement.encode())
        assert reply.status_code == 200, reply.text
        return list(reply.json()["data"])

    def settle(self) -> dict[str, Any]:
        """The quality figures once everything sent is counted, loaded and published."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (quality := self.ask("/api/quality"))["lag_events"] != 0:
            assert time.monotonic() < deadline, quality
            time.sleep(0.05)
        return dict(quality)


def northstream(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("northstream")), *arguments]


@contextmanager
def up(folder: Path, workspace: Path | None = None) -> Iterator[Running]:
    """`northstream up` on free ports until the block ends; then SIGTERM, which must end it with 0."""
    port, sql_port = free_ports(2)
    environment = {
        **os.environ,
        "NORTHSTREAM_WRITE_KEY": WRITE_KEY,
        "NORTHSTREAM_SECRET_KEY": SECRET_KEY,
        "NORTHSTREAM_WORKSPACE": str(workspace or ""),
    }
    command = northstream("up", "--data-dir", str(folder), "--port", str(port), "--clickhouse-port", str(sql_port))
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait_until_ready(client, process)
            yield Running(client, f"http://127.0.0.1:{sql_port}/")
    finally:
        process.terminate()
        code = process.wait(PATIENCE_SECONDS)
    assert code == 0


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"northstream up ended with {process.returncode}"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("northstream up is not ready")
