"""Prometheus' own checker, from the machine or from Debian's package, which is unpacked into the user's cache folder.

Does not install anything.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

Promtool = Callable[..., str]
"""Runs promtool with arguments; what it printed. A failure is an assertion with its words."""

_FETCH_SECONDS = 300


class PromtoolMissing(Exception):
    """There is no promtool, and it cannot be had; says why."""


def fetched_promtool() -> Path:
    """Where promtool is.

    Raises:
        PromtoolMissing: it is neither installed nor cached, and Debian's package cannot be fetched.
    """
    installed = shutil.which("promtool")
    if installed:
        return Path(installed)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(caches) / "northstream-tests" / "prometheus"
    if not folder.is_dir():
        _fetch(folder)
    return folder / "usr" / "bin" / "promtool"


def _fetch(folder: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise PromtoolMissing("promtool is not installed; it comes with Prometheus (Debian: package prometheus)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # The list of packages may be missing on a fresh machine; only root can get it.
        if _failed("apt-get download prometheus", scratch) and (
            _failed("apt-get update -qq", scratch) or _failed("apt-get download prometheus", scratch)
        ):
            raise PromtoolMissing("promtool is not installed, and apt-get cannot download the package prometheus")
        package = next(Path(scratch).glob("prometheus_*.deb"))
        subprocess.run(["dpkg", "-x", package, Path(scratch, "unpacked")], check=True, timeout=_FETCH_SECONDS)
        Path(scratch, "unpacked").rename(folder)


def _failed(command: str, folder: str) -> bool:
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, timeout=_FETCH_SECONDS)
    return done.returncode != 0
