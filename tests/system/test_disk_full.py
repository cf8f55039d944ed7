"""A full disk: nothing is promised, nothing promised is lost, and it goes on by itself (contracts §1).

Does not look inside; the disk is a small one of the processes' own.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from system.faces import wait_until
from system.running import NorthStream
from system.sending import Sender, stop_all
from system.verifying import seed, started_senders, verify

DISK_MEGABYTES = 96
FULL_SECONDS = 3.0
_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
_MOUNT_AND_RUN = 'mount -t tmpfs -o size="$1"m tmpfs "$2" && shift 2 && exec "$@"'


def small_disk(folder: Path) -> list[str]:
    """What to put in front of a command so that `folder` is a small disk that vanishes with the last process."""
    return [*_OWN_MOUNTS, "sh", "-c", _MOUNT_AND_RUN, "sh", str(DISK_MEGABYTES), str(folder)]


@pytest.mark.timeout(900)
def test_a_full_disk_is_answered_503_and_nothing_promised_is_lost(tmp_path: Path) -> None:
    """Log full: 503 with Retry-After, nothing promised; when there is room again all goes on, and nobody was hurt."""
    disk = tmp_path / "data"
    disk.mkdir()
    may_mount(disk)
    with NorthStream(tmp_path, before=small_disk(disk)) as running, started_senders(running, seed()) as senders:
        wait_until(lambda: kept(senders) > 300, "300 messages kept")
        began_with = running.children()
        fill_and_free(running, senders, disk)
        assert running.children() == began_with, "a process ended because the disk was full"
        fill_and_free(running, senders, disk, victims=("collector", "engine"))
        journals = stop_all(senders)
        running.settle()
        verify(running, journals)


def fill_and_free(running: NorthStream, senders: Sequence[Sender], disk: Path, victims: Sequence[str] = ()) -> None:
    """Fill the disk under load, see the senders refused, free it, see them served."""
    filler = running.outside(disk) / "filler"
    before, refused_before = kept(senders), refused(senders)
    keep_full(filler, lambda: refused(senders) > refused_before + 20)
    for victim in victims:
        running.kill(victim)
    if victims:
        keep_full(filler, lambda: refused(senders) > refused_before + 40)
    when_full = kept(senders)
    filler.unlink()
    wait_until(lambda: kept(senders) > when_full + 300, "300 more kept once there is room again")
    running.wait_until_ready()
    print(f"kept {before} before, {when_full} when the disk was full, {kept(senders)} afterwards")


def keep_full(filler: Path, until: Callable[[], bool]) -> None:
    """Take all room, and what becomes free again, for some seconds and until the senders were refused."""
    seen_for = time.monotonic() + FULL_SECONDS
    with filler.open("ab", buffering=0) as file:

        def fill() -> bool:
            for size in (1 << 20, 1 << 12, 1):
                while True:
                    try:
                        if not file.write(b"\0" * size):
                            break
                    except OSError:
                        break
            return until() and time.monotonic() > seen_for

        wait_until(fill, "503 while the disk is full")


def kept(senders: Sequence[Sender]) -> int:
    return sum(len(sender.journal.kept) for sender in senders)


def refused(senders: Sequence[Sender]) -> int:
    return sum(sender.journal.answers.get(503, 0) for sender in senders)


def may_mount(folder: Path) -> None:
    """Skip where no disk can be mounted; not in CI, where the rule must be seen to hold."""
    if shutil.which("unshare"):
        tried = subprocess.run([*small_disk(folder), "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return
        reason = tried.stderr.strip()
    else:
        reason = "there is no `unshare`"
    if os.environ.get("CI"):
        pytest.fail(f"a small disk cannot be mounted: {reason}")
    pytest.skip(f"a small disk cannot be mounted: {reason}")
