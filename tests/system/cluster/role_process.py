"""One role of a cluster as a real process: started, asked, signalled, and ended for certain.

Knows the product only from outside: its command, environment, output and process tree.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError

from system.faces import OPENER, PATIENCE_SECONDS, wait_until
from system.installation import arguments_of, children_of, command, plain_environment


class RoleProcess:
    """`northstream run ROLE`: a supervisor and, below it, the process that does the work.

    `port` is its HTTP port, 0 if it has none. `settings` are those of its environment, without their prefix.
    """

    def __init__(self, role: str, number: int, folder: Path, settings: Mapping[str, str], port: int = 0) -> None:
        self.role = role
        self.name = f"{role}-{number}"
        self.port = port
        self.output = folder / f"{self.name}.log"
        self._folder = folder
        self._settings = {f"NORTHSTREAM_{name}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: set[int] = set()

    def start(self) -> None:
        """Start it, without waiting for anything."""
        assert not self.is_running(), f"{self.name} runs already"
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command("run", self.role),
                env=plain_environment(**self._settings),
                cwd=self._folder,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def child(self) -> int:
        """Of the process that does the work, as soon as it runs."""
        wait_until(lambda: self._child() > 0, f"the process of {self.name}")
        return self._child()

    def _child(self) -> int:
        for pid in children_of(self.pid):
            if self.role in arguments_of(pid):
                self._seen.add(pid)
                return pid
        return 0

    def is_running(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """`kill -9` of the whole role; it stays down until `start`."""
        child = self._child()
        for pid in (self.pid, child):
            send_signal(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(PATIENCE_SECONDS)

    def kill_child(self) -> int:
        """`kill -9` of the process that does the work, which is started again; its process id."""
        child = self.child
        send_signal(child, signal.SIGKILL)
        return child

    def kill_supervisor(self) -> int:
        """`kill -9` of the supervisor alone; the process id of the one that must end with it."""
        child = self.child
        send_signal(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(PATIENCE_SECONDS)
        return child

    def freeze(self) -> None:
        """SIGSTOP to the whole role, the supervisor first."""
        for pid in (self.pid, self.child):
            send_signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to the whole role."""
        for pid in (self._child(), self.pid):
            send_signal(pid, signal.SIGCONT)

    def freeze_child(self) -> int:
        """SIGSTOP to the process that does the work alone; its process id, for SIGCONT."""
        child = self.child
        send_signal(child, signal.SIGSTOP)
        return child

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE_SECONDS)

    def wait(self) -> int:
        """The exit code of a role that ends by itself."""
        assert self._process is not None
        return self._process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Nothing of the role runs afterwards, whatever state it was in."""
        if self._process is None:
            return
        if self.is_running():
            self._child()
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
        for pid in self._seen:
            if self.role in arguments_of(pid):
                send_signal(pid, signal.SIGCONT)
                send_signal(pid, signal.SIGKILL)
        wait_until(lambda: not any(self.role in arguments_of(pid) for pid in self._seen), f"the end of {self.name}")

    def text(self) -> str:
        """Everything that it has printed and logged."""
        return self.output.read_text("utf-8", "replace") if self.output.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.text().splitlines()[-lines:])

    def wait_for_text(self, words: str) -> None:
        """Wait until it has said so."""
        wait_until(lambda: words in self.text(), f'"{words}" from {self.name}; it said:\n{self.tail()}')

    def status(self, path: str = "/readyz") -> int:
        """The HTTP status of a path; 0 if nobody answers."""
        try:
            with OPENER.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    def wait_until_ready(self) -> None:
        """Wait until `/readyz` is 200."""

        def is_ready() -> bool:
            assert self.is_running(), f"{self.name} ended by itself:\n{self.tail()}"
            return self.status() == 200

        wait_until(is_ready, f"{self.name} is ready")


def send_signal(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may have ended meanwhile; 0 is nobody."""
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
