"""A running `northstream up`: started, asked over HTTP and SQL, signalled, and ended for certain.

Knows the product only from outside: its command, ports, keys file and process tree.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from ports import HOST, free_ports
from system.faces import OPENER, PATIENCE_SECONDS, Faces, wait_until


def command() -> str:
    """The installed command beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("northstream")
    found = str(beside) if beside.exists() else shutil.which("northstream")
    assert found, "the command `northstream` is not installed"
    return found


class NorthStream(Faces):
    """One data folder and whatever runs on it. `before` is put in front of the command (`unshare …`)."""

    def __init__(self, folder: Path, workspace: Path | None = None, before: Sequence[str] = ()) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.output = folder / "output.txt"
        self.port, self.sql_port = free_ports(2)
        self._arguments = [*before, command(), "up", "--data-dir", str(self.data_dir)]
        self._arguments += ["--port", str(self.port), "--clickhouse-port", str(self.sql_port)]
        self._arguments += ["--workspace", str(workspace)] if workspace else []
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, str] = {}
        self.write_key = self.secret_key = ""

    def __enter__(self) -> "NorthStream":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            print(f"--- the last lines of {self.output} ---\n{self.tail()}")
        self.end()

    # Processes

    def start(self) -> None:
        """Start and wait until ready."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(self._arguments, stdout=output, stderr=output, cwd=self.folder)
        self.wait_until_ready()
        keys = json.loads((self.outside(self.data_dir) / "keys.json").read_text("utf-8"))
        self.write_key, self.secret_key = keys["write_key"], keys["secret_key"]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def outside(self, path: Path) -> Path:
        """A path as the processes see it: they may have a mount of their own."""
        return Path(f"/proc/{self.pid}/root{path}")

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.is_running(), f"northstream ended by itself:\n{self.tail()}"
            return self._status("/readyz") == 200

        wait_until(is_ready, "/readyz is 200")

    def children(self) -> dict[str, int]:
        """Process ids by role (collector, engine) of those that run now."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if parent == self.pid and b"northstream.processes" in words:
                    found[words[words.index(b"northstream.processes") + 1].decode()] = int(entry.name)
        self._seen |= {pid: role for role, pid in found.items()}
        return found

    def child(self, role: str) -> int:
        """The process id of a role, as soon as it runs."""
        wait_until(lambda: role in self.children(), f"a {role} process")
        return self.children()[role]

    def kill(self, role: str) -> None:
        """SIGKILL to `supervisor`, `collector`, `engine`, or `all` of them at once."""
        children = self.children()
        pids = [*children.values(), self.pid] if role == "all" else [children.get(role, 0)]
        for pid in [self.pid] if role == "supervisor" else pids:
            if pid:
                send_signal(pid, signal.SIGKILL)
        if role in ("all", "supervisor"):
            assert self._process is not None
            self._process.wait(PATIENCE_SECONDS)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Nothing of ours runs afterwards, whatever state it was in."""
        if self._process is None:
            return
        if self.is_running():
            self.children()
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
        for pid, role in self._seen.items():
            if is_child_process(pid, role):
                send_signal(pid, signal.SIGCONT)
                send_signal(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_child_process(*seen) for seen in self._seen.items()), "the end of all children")

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.output.read_text("utf-8", "replace").splitlines()[-lines:])

    @property
    def sending_port(self) -> int:
        return self.port

    @property
    def reading_port(self) -> int:
        return self.port

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """As soon as it is ready, too."""
        self.wait_until_ready()
        super().settle(seconds)

    def _status(self, path: str) -> int:
        try:
            with OPENER.open(f"http://{HOST}:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except (OSError, HTTPException):
            return 0


def send_signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_child_process(pid: int, role: str) -> bool:
    """Whether the process id still is that of a child of ours; ids come back to others, the dead linger as zombies."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"northstream.processes" in words and role.encode() in words
