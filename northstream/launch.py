"""What a parent tells the process that it starts: role, settings and inherited sockets, as one line on its input.

Does not start processes. Keys travel here, never on a command line; the input stays open while the parent lives.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from northstream.settings import Settings, from_texts, to_texts

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Launch:
    """`sockets` are inherited listening sockets by name, as descriptors."""

    role: str
    settings: Settings
    sockets: Mapping[str, int] = field(default_factory=dict)

    def to_line(self) -> bytes:
        content = {"role": self.role, "settings": to_texts(self.settings), "sockets": dict(self.sockets)}
        return json.dumps(content).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Launch":
        content = json.loads(line)
        return cls(content["role"], from_texts(content["settings"]), content["sockets"])

    def socket(self, name: str) -> socket.socket:
        """The inherited listening socket of that name; whoever serves on it may close it, and another may follow."""
        return socket.socket(fileno=os.dup(self.sockets[name]))


def receive_launch(source: BinaryIO) -> Launch:
    """Read the parent's line, then die when the parent does."""
    launch = Launch.from_line(source.readline())
    _die_with_parent(source)
    return launch


def _die_with_parent(source: BinaryIO) -> None:
    """The kernel's signal where there is one, and the end of the input everywhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    descriptor = source.fileno()

    def wait_for_end() -> None:
        # Not through `source`: a thread inside a buffered read breaks the interpreter's shutdown.
        while os.read(descriptor, 64):
            pass
        os._exit(1)

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()
