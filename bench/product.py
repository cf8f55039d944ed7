"""Starts what is measured: the whole product, or the collector alone; both end with their context.

Does not send events. Keys and the data folder are new for each start.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from bench.processes import child_with_argument
from northstream.folder import prepare_folder
from northstream.launch import Launch
from northstream.settings import Settings

WRITE_KEY = "wk_bench"
SECRET_KEY = "sk_bench"

_READY_SECONDS = 60.0
_END_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class NotReady(Exception):
    """The product did not become ready; its own messages are on standard error."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Where a product takes events and where it answers, ports of 127.0.0.1; the same one unless it is a cluster."""

    port: int
    api_port: int

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def get(self, path: str) -> Any:
        """A read of the API with the secret key."""
        answer = httpx.get(f"{self.api_url}{path}", headers=SECRET_HEADERS, timeout=60, trust_env=False)
        return answer.raise_for_status().json()

    def settle(self, patience_seconds: float = 300.0) -> dict[str, Any]:
        """The quality report once everything sent is counted and published."""
        deadline = time.monotonic() + patience_seconds
        while (quality := self.get("/api/quality"))["lag_events"] != 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled: {quality}")
            time.sleep(0.1)
        return dict(quality)


@dataclass(frozen=True, slots=True)
class Running:
    """A started product. `pids` by role; `ready_seconds` from the start of the process to `/readyz` = 200."""

    data_dir: Path
    port: int
    sql_port: int
    pids: dict[str, int]
    ready_seconds: float

    @property
    def faces(self) -> Faces:
        return Faces(self.port, self.port)


SECRET_HEADERS = {"authorization": f"Bearer {SECRET_KEY}"}


@contextlib.contextmanager
def product(*arguments: str) -> Iterator[Running]:
    """`northstream up` on free ports and a new data folder."""
    with TemporaryDirectory(prefix="bench-") as folder:
        data_dir, ports = Path(folder) / "data", free_ports(2)
        command = [str(Path(sys.executable).with_name("northstream")), "up", "--data-dir", str(data_dir)]
        command += ["--port", str(ports[0]), "--clickhouse-port", str(ports[1]), *arguments]
        started = time.monotonic()
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
        try:
            wait_until_answered(process, ports[0], "/readyz")
            ready_seconds = time.monotonic() - started
            pids = {role: child_with_argument(process.pid, role) for role in ("collector", "engine")}
            yield Running(data_dir, *ports, pids, ready_seconds)
        finally:
            end(process)


@contextlib.contextmanager
def collector_alone(partitions: int = 4) -> Iterator[Running]:
    """The collector's process without an engine, as the supervisor starts it."""
    with TemporaryDirectory(prefix="bench-") as folder, socket.create_server(("127.0.0.1", 0), backlog=2048) as http:
        data_dir, port = Path(folder) / "data", http.getsockname()[1]
        prepare_folder(data_dir)
        settings = Settings(
            data_dir=data_dir, port=port, write_key=WRITE_KEY, secret_key=SECRET_KEY, partitions=partitions
        )
        launch = Launch("collector", settings, {"http": http.fileno()})
        command = (sys.executable, "-P", "-m", "northstream.processes", "collector")
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[http.fileno()]
        )
        try:
            assert process.stdin is not None
            process.stdin.write(launch.to_line())
            process.stdin.flush()
            wait_until_answered(process, port, "/healthz")
            yield Running(data_dir, port, 0, {"collector": process.pid}, time.monotonic() - started)
        finally:
            end(process)


def free_ports(count: int) -> Sequence[int]:
    """Ports of 127.0.0.1 on which nobody listens now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to finish; end it if it does not."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment(**settings: object) -> dict[str, str]:
    """These settings by name and none of the person who measures; log lines only of what goes wrong."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NORTHSTREAM_")}
    ours = {"write_key": WRITE_KEY, "secret_key": SECRET_KEY, "log_level": "error"} | settings
    return kept | {f"NORTHSTREAM_{name.upper()}": str(value) for name, value in ours.items()}


def wait_until_answered(
    process: "subprocess.Popen[bytes]", port: int, path: str, patience_seconds: float = _READY_SECONDS
) -> None:
    """Wait until a process answers 200.

    Raises:
        NotReady: it has ended, or does not answer so in time.
    """
    deadline = time.monotonic() + patience_seconds
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(_LOOK_SECONDS)
    raise NotReady(f"no 200 from {path}; exit code {process.poll()}")
