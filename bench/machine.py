"""What the numbers were measured on: processor, memory, date, commit, command, load of others.

Does not measure anything of ours.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path


def describe() -> str:
    """A few lines for the head of the tables."""
    lines = (
        f"machine   {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.release()}",
        f"software  Python {platform.python_version()}, commit {_commit()}",
        f"date      {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average before: {os.getloadavg()[0]:.2f}",
        f"command   python -m bench {' '.join(sys.argv[1:])}",
    )
    return "\n".join(lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _commit() -> str:
    """The checked-out commit, and whether files differ from it."""
    root = Path(__file__).parents[1]
    try:
        commit = subprocess.run(
            ("git", "-C", str(root), "describe", "--always", "--dirty"), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git work tree)"
    return commit.stdout.strip()
