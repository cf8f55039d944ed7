"""The data folder: its lock and its sockets."""

import os
import threading
from pathlib import Path

import pytest

from northstream.failures import UserError
from northstream.folder import is_locked, lock_folder, prepare_folder, socket_folder


def test_a_folder_has_one_holder(tmp_path: Path) -> None:
    """The second is told who the first is; a descriptor that is closed lets go."""
    lock = lock_folder(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(UserError, match=f"process {os.getpid()}"):
        lock_folder(tmp_path, wait_seconds=0)
    os.close(lock)
    assert not is_locked(tmp_path)
    os.close(lock_folder(tmp_path, wait_seconds=0))


def test_a_start_waits_for_a_dying_predecessor(tmp_path: Path) -> None:
    """A restart by a service manager begins before the last descriptor is gone."""
    lock = lock_folder(tmp_path)
    timer = threading.Timer(0.2, os.close, [lock])
    timer.start()
    os.close(lock_folder(tmp_path))
    timer.join()


def test_the_lock_is_held_until_every_heir_has_ended(tmp_path: Path) -> None:
    """Children inherit it, so that no new engine meets an old one."""
    lock = lock_folder(tmp_path)
    heir = os.dup(lock)
    os.close(lock)
    assert is_locked(tmp_path)
    os.close(heir)
    assert not is_locked(tmp_path)


def test_the_folder_is_made_for_its_owner(tmp_path: Path) -> None:
    """Events are personal data."""
    prepare_folder(tmp_path / "a" / "data")
    assert (tmp_path / "a" / "data").stat().st_mode & 0o077 == 0


def test_a_long_path_gets_short_sockets(tmp_path: Path) -> None:
    """The system takes about a hundred bytes; the short folder is the same at each start."""
    deep = tmp_path / ("d" * 100)
    prepare_folder(deep)
    short = socket_folder(deep)
    assert len(os.fsencode(short / "engine.sock")) <= 100
    assert socket_folder(deep) == short
    assert socket_folder(tmp_path / ("e" * 100)) != short
