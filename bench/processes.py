"""What the kernel knows about a process: processor time, memory, children.

Does not start or end processes.
"""

import contextlib
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Processor seconds (user and system) that all threads of a process have used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family(pid: int) -> list[int]:
    """A process and everything that it and its children have started, parents first; without those that have ended."""
    found = [pid] if Path(f"/proc/{pid}").exists() else []
    for child in _children(pid):
        found += family(child)
    return found


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * _PAGE


def child_with_argument(pid: int, argument: str) -> int:
    """The child of a process whose command line holds an argument.

    Raises:
        LookupError: there is none.
    """
    for child in _children(pid):
        if argument in Path(f"/proc/{child}/cmdline").read_text("utf-8").split("\0"):
            return child
    raise LookupError(f"process {pid} has no child with {argument}")


def _children(pid: int) -> list[int]:
    """Each thread of a process has children of its own; a thread that ends meanwhile has none."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, children.read_text("utf-8").split())
    return found
