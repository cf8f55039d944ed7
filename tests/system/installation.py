"""A running `northstream up` for tests: started on free ports, asked over HTTP, stopped or killed by process id.

Imports nothing of the product.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 60.0
STOP_SECONDS = 60.0
SETTLE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


def command(*arguments: str) -> list[str]:
    """The command line of this environment's `northstream`."""
    return [str(Path(sys.executable).with_name("northstream")), *arguments]


def plain_environment(**settings: str) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NORTHSTREAM_")}
    return kept | settings


def run(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=plain_environment(**settings), capture_output=True, text=True, timeout=120
    )


class Installation:
    """One start of `northstream up` (or `demo`)."""

    def __init__(self, data_dir: Path, *arguments: str, program: str = "up", **settings: str) -> None:
        """Start and wait until it is ready."""
        ports = ("--port", "0", "--clickhouse-port", "0")
        self.data_dir = data_dir
        self._errors = data_dir.with_name(data_dir.name + ".stderr").open("ab")
        self.process = subprocess.Popen(
            command(program, "--data-dir", str(data_dir), *ports, *arguments),
            env=plain_environment(**settings),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read_lines, daemon=True).start()
        try:
            self.greeting = self._wait_for_greeting()
        except BaseException:
            self.kill()
            raise
        self.url = self.greeting["NorthStream is ready at"]
        self.sql_url = self.greeting["SQL"]
        self.write_key = self.greeting["write key"]
        self.secret_key = self.greeting["secret key"]

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _wait_for_greeting(self) -> dict[str, str]:
        found: dict[str, str] = {}
        deadline = time.monotonic() + READY_SECONDS
        while "secret key" not in found:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not ready; its errors are in {self._errors.name}") from None
            name, _, value = line.strip().rpartition(" ")
            found[name.strip()] = value
        return found

    def send(self, *messages: dict[str, Any]) -> dict[str, Any]:
        """Send a batch; the answer, which must be 200."""
        response = httpx.post(
            f"{self.url}/v1/batch",
            json={"batch": list(messages)},
            auth=(self.write_key, ""),
            timeout=30,
            trust_env=False,
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, path: str) -> Any:
        """Read with the secret key; the answer, which must be 200."""
        headers = {"authorization": f"Bearer {self.secret_key}"}
        response = httpx.get(f"{self.url}{path}", headers=headers, timeout=30, trust_env=False)
        assert response.status_code == 200, response.text
        return response.json()

    def settle(self) -> dict[str, Any]:
        """Wait until everything sent so far is counted; the quality report then."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            quality: dict[str, Any] = self.get("/api/quality")
            if quality["lag_events"] == 0:
                return quality
            assert time.monotonic() < deadline, quality
            time.sleep(_PAUSE_SECONDS)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query over ClickHouse's HTTP interface."""
        response = httpx.post(self.sql_url, content=f"{sql} FORMAT JSONEachRow", timeout=30, trust_env=False)
        assert response.status_code == 200, response.text
        return [json.loads(line) for line in response.text.splitlines()]

    def child(self, role: str) -> int:
        """The process id of a role's present process."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            for child in children_of(self.process.pid):
                if role in arguments_of(child):
                    return child
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"no {role} runs")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to finish; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        self._errors.close()
        return code

    def kill(self) -> None:
        """End it at once, as `kill -9` does; its children end by themselves."""
        self.process.kill()
        self.process.wait()
        self._errors.close()


@contextlib.contextmanager
def running(data_dir: Path, *arguments: str, program: str = "up", **settings: str) -> Iterator[Installation]:
    """An installation that is stopped at the end, whatever happens."""
    installation = Installation(data_dir, *arguments, program=program, **settings)
    try:
        yield installation
    finally:
        if installation.process.poll() is None:
            installation.stop()


def children_of(process: int) -> Sequence[int]:
    """Process ids of the children of all threads of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def arguments_of(process: int) -> list[str]:
    """The command line of a process; empty when it has ended, though its parent may not have noticed."""
    try:
        return [word for word in Path(f"/proc/{process}/cmdline").read_text().split("\0") if word]
    except OSError:
        return []


def is_alive(process: int) -> bool:
    return bool(arguments_of(process))
