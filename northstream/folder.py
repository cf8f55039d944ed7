"""The data folder: made, tried, and held by one process tree at a time.

Does not know what is kept in it; each part keeps its own files.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from pathlib import Path

from northstream.failures import UserError

LOCK_WAIT_SECONDS = 5.0
"""A start waits so long for a predecessor that is ending."""

LOCK_NAME = "lock"
ALERTER_LOCK_NAME = "alerter.lock"
"""An alerter of a cluster may share the folder with its warehouse."""

_LOCK_PAUSE_SECONDS = 0.05
_MAX_SOCKET_PATH = 100
"""Bytes; a Unix socket's path may have 107 on Linux and fewer elsewhere."""

_SUBFOLDERS = ("log", "warehouse", "run")


def prepare_folder(folder: Path) -> None:
    """Make the folder and its parts, for this user only, and try whether it can be written.

    Raises:
        UserError: it cannot.
    """
    advice = "choose another with --data-dir, or let this user write there"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in _SUBFOLDERS:
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"the data folder {folder} cannot be written ({error.strerror}); {advice}") from error


def lock_folder(folder: Path, wait_seconds: float = LOCK_WAIT_SECONDS, name: str = LOCK_NAME) -> int:
    """Hold the folder; returns the lock's descriptor, which children inherit: it is free when all have ended.

    `name` is the lock's file: who keeps little in the folder has a lock of its own.

    Raises:
        UserError: another process holds it, and has not let go within `wait_seconds`.
    """
    try:
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(f"the lock of the data folder {folder} cannot be opened ({error.strerror})") from error
    deadline = time.monotonic() + wait_seconds
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise UserError(
                f"the data folder {folder} is in use by another northstream (process {holder}); "
                "stop that one, or choose another folder with --data-dir"
            )
        time.sleep(_LOCK_PAUSE_SECONDS)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder now."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def socket_folder(data_dir: Path) -> Path:
    """Where the processes' Unix sockets lie: `run` in the data folder, or a short folder if that path is too long."""
    usual = data_dir / "run"
    if len(os.fsencode(usual / "engine.sock")) <= _MAX_SOCKET_PATH:
        return usual
    name = hashlib.blake2b(os.fsencode(data_dir), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"northstream-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise UserError(f"{folder} belongs to another user; remove it, or choose a data folder with a shorter path")
    return folder
