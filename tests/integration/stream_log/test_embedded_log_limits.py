"""The embedded log at its limits: disk full, retention, several processes, wrong settings.

Real files; the full disk is the kernel's own file size limit.
"""

import asyncio
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas.log import LogUnavailable
from schemas.topics import Kind, LogEnd, Record, Topic
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from stream.log.offsets import CommittedOffsets
from stream.log.opening import WrongPartitions
from stream.log.reading import LocalLogReader
from stream.log.wakeup import Doorbell, WakeListener, WakeSender


@contextmanager
def no_file_may_exceed(size: int) -> Iterator[None]:
    """The kernel refuses to write beyond it, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def sequences(log: Any, partition: int = 0, offset: int = 0) -> list[int]:
    return [stored.record.sequence for stored in log.read(Topic.EVENTS, partition, offset, max_records=10_000)]


def try_append(log: LocalLog, records: list[Record], low_watermark_ms: int) -> bool:
    try:
        log.append(records, low_watermark_ms)
    except LogUnavailable:
        return False
    return True


def test_a_full_disk_promises_nothing_and_intake_goes_on_when_there_is_room(
    open_log: Callable[..., LocalLog], block: Any
) -> None:
    """LogUnavailable while full, nothing of the refused append is stored, and the next one after that succeeds."""
    log = open_log()
    log.append([block(0)])
    stored = 1
    with no_file_may_exceed(200_000):
        while try_append(log, [block(stored, size=30_000), block(1000, 1)], low_watermark_ms=stored):
            stored += 1
        with pytest.raises(LogUnavailable):
            log.append([block(stored, size=30_000), block(1000, 1)])
        assert sequences(log) == list(range(stored))
        assert log.low_watermarks() == {"c1": stored - 1}
    assert log.append([block(stored)]) == [stored]
    assert sequences(open_log()) == list(range(stored + 1))


def test_a_log_keeps_its_number_of_partitions(open_log: Callable[..., LocalLog]) -> None:
    """Another number would send people elsewhere; the message names both."""
    open_log(2)
    with pytest.raises(WrongPartitions, match=r"made with 2 partitions .* asked for 3"):
        open_log(3)


def test_a_reader_of_a_log_not_made_yet_may_try_again(open_log: Callable[..., LocalLog], path: Path) -> None:
    """The engine may be up before the collector has made the file."""
    reader = LocalLogReader(path)
    with pytest.raises(LogUnavailable):
        reader.ends(Topic.EVENTS)
    path.touch()
    with pytest.raises(LogUnavailable):
        _ = reader.partitions
    open_log()
    assert reader.partitions == 2
    reader.close()


def test_pruned_records_are_gone_and_the_count_goes_on(open_log: Callable[..., LocalLog], block: Any) -> None:
    """Below the first retained offset a reader gets LookupError; ends and lines do not change."""
    log = open_log()
    log.append([block(n) for n in range(450)])
    log.prune(Topic.EVENTS, 0, 420)
    assert log.starts(Topic.EVENTS) == {0: 420, 1: 0}
    assert sequences(log, offset=420) == list(range(420, 450))
    assert log.lines_before(Topic.EVENTS, 0, 420) == 420
    with pytest.raises(LookupError):
        log.read(Topic.EVENTS, 0, 419)


def test_a_log_pruned_to_its_end_goes_on_where_it_was(open_log: Callable[..., LocalLog], block: Any) -> None:
    """Even with no record left, offsets and lines continue after a restart."""
    log = open_log()
    log.append([block(n) for n in range(3)])
    log.prune(Topic.EVENTS, 0, 99)
    log = open_log()
    assert log.starts(Topic.EVENTS)[0] == 3
    assert log.ends(Topic.EVENTS)[0] == LogEnd(3, 3)
    assert log.read(Topic.EVENTS, 0, 3) == []
    assert log.append([block(3)]) == [3]


def test_committed_offsets_survive_beside_the_handoffs(tmp_path: Path) -> None:
    """One file holds both, written by two connections of one process."""
    path = tmp_path / "handoffs.db"
    log = LocalLog(path, HANDOFF_TOPICS, 2)
    offsets = CommittedOffsets(path)
    log.append([Record(Topic.HANDOFFS, 1, Kind.HANDOFFS, 1, b"x")])
    offsets.store({(Topic.EVENTS, 0): 5, (Topic.HANDOFFS, 1): 1})
    offsets.store({(Topic.EVENTS, 0): 6})
    offsets.close()
    log.close()
    again = CommittedOffsets(path)
    assert again.load() == {(Topic.EVENTS, 0): 6, (Topic.HANDOFFS, 1): 1}
    again.close()


async def test_an_append_wakes_a_listener(path: Path, tmp_path: Path, block: Any) -> None:
    """The datagram rings every subscriber's bell; a ring that came before the wait is not lost."""
    listener = WakeListener(tmp_path / "wake.sock")
    bells = [Doorbell(), Doorbell()]
    for bell in bells:
        listener.subscribe(bell.ring)
    log = LocalLog(path, EVENT_TOPICS, 2, on_append=WakeSender(tmp_path / "wake.sock"))
    await asyncio.to_thread(log.append, [block(1)])
    assert [await bell.wait(60) for bell in bells] == [True, True]
    assert not await bells[0].wait(0.01)
    listener.close()
    log.close()


def test_an_appender_does_not_mind_that_nobody_listens(path: Path, tmp_path: Path, block: Any) -> None:
    """The engine may be down; intake goes on."""
    sender = WakeSender(tmp_path / "wake.sock")
    log = LocalLog(path, EVENT_TOPICS, 2, on_append=sender)
    assert log.append([block(1)]) == [0]
    log.close()
    sender.close()
