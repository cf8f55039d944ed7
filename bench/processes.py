"""What the kernel knows about a process: processor time, memory, children.

Does not start or end processes.
"""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Processor seconds (user and system) that all threads of a process have used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * _PAGE


def child_with_argument(pid: int, argument: str) -> int:
    """The child of a process whose command line holds an argument.

    Raises:
        LookupError: there is none.
    """
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text("utf-8").split()):
            if argument in Path(f"/proc/{child}/cmdline").read_text("utf-8").split("\0"):
                return child
    raise LookupError(f"process {pid} has no child with {argument}")
