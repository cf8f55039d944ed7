"""A damaged embedded log opens again, without what is damaged, and says what is gone.

Damage is done to real files as a crash, a bad disk or a careless hand would do it.
"""

import json
import logging
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import LogEnd, Topic
from stream.log.connections import PAGE_BYTES
from stream.log.layout import RecordDamaged, record_key
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.mending import FILLED_OFFSETS
from stream.log.reading import LocalLogReader
from stream.log.wal_tail import DAMAGED

WRITER = Path(__file__).parents[2] / "contract" / "log" / "log_process.py"
"""Appends until it is killed."""

FRAME_HEAD_BYTES = 24
"""Of a frame of the write-ahead log, before its page."""


def sequences(log: Any, partition: int = 0, offset: int = 0) -> list[int]:
    """Of the records that have lines; offsets must follow each other."""
    found = log.read(Topic.EVENTS, partition, offset, max_records=10_000)
    assert [stored.offset for stored in found] == list(range(offset, log.ends(Topic.EVENTS)[partition].offset))
    return [stored.record.sequence for stored in found if stored.record.count]


def overwrite(path: Path, offset: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * size)


def spoil(path: Path, partition: int, offset: int) -> None:
    """Flip a stored value behind the log's back; SQLite itself notices nothing."""
    with sqlite3.connect(path) as connection:
        key = record_key(Topic.EVENTS, partition, offset)
        connection.execute("UPDATE records SET value = zeroblob(length(value)) WHERE key = ?", (key,))
    connection.close()


def copy_while_open(path: Path, target: Path) -> Path:
    """The files as a power cut would leave them: the write-ahead log not yet moved into the main file."""
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), target.with_name(target.name + suffix))
    return target


def test_a_sound_log_is_not_cut(open_log: Any, block: Any) -> None:
    """Opening again after a clean end finds nothing to mend."""
    open_log().append([block(n) for n in range(5)])
    log = open_log()
    assert log.cut == []
    assert sequences(log) == [0, 1, 2, 3, 4]


def test_a_damaged_newest_record_is_cut_off_and_named(
    open_log: Any, path: Path, block: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The log ends at its last good record; file, partition and offset are said at error level."""
    log = open_log()
    log.append([block(n) for n in range(5)] + [block(9, partition=1)])
    log.close()
    spoil(path, 0, 4)
    with caplog.at_level(logging.ERROR):
        log = open_log()
    assert sequences(log) == [0, 1, 2, 3]
    assert sequences(log, 1) == [9]
    assert [(cut.topic, cut.partition, cut.offset) for cut in log.cut] == [(Topic.EVENTS, 0, 4)]
    assert f"{path}, events/0 offset 4" in caplog.text


def test_the_offset_of_a_lost_record_is_never_given_again(open_log: Any, path: Path, block: Any) -> None:
    """A reader that had read it must not pass over a new one; an empty record stands there, and lines stay true."""
    log = open_log()
    log.append([block(n) for n in range(5)])
    log.close()
    spoil(path, 0, 4)
    log = open_log()
    assert log.append([block(5)]) == [5]
    assert log.read(Topic.EVENTS, 0, 4)[0].record.value == b""
    assert [log.lines_before(Topic.EVENTS, 0, offset) for offset in (4, 5, 6)] == [4, 4, 5]
    assert log.ends(Topic.EVENTS)[0] == LogEnd(6, 5)
    assert open_log().cut == []


def test_a_log_that_lost_what_was_read_gives_other_offsets_to_new_records(path: Path, block: Any) -> None:
    """A write-ahead log that is simply gone leaves no trace; what readers have committed tells."""
    log = LocalLog(path, EVENT_TOPICS, 2, read={(Topic.EVENTS, 1): 7})
    assert [(cut.topic, cut.partition, cut.offset) for cut in log.cut] == [(Topic.EVENTS, 1, 0)]
    assert log.append([block(1, 1), block(2, 0)]) == [7 + FILLED_OFFSETS, 0]
    assert log.ends(Topic.EVENTS)[1].lines == 1
    log.close()


def test_a_record_damaged_further_back_is_refused_to_readers(open_log: Any, path: Path, block: Any) -> None:
    """Reading on past it would lose events silently."""
    log = open_log()
    log.append([block(n) for n in range(5)])
    spoil(path, 0, 2)
    assert [stored.offset for stored in log.read(Topic.EVENTS, 0, 0, max_records=2)] == [0, 1]
    with pytest.raises(RecordDamaged):
        log.read(Topic.EVENTS, 0, 2)


@pytest.mark.parametrize("lost_bytes", [1000, 5000, 30_000])
def test_a_half_written_commit_at_the_end_is_dropped_and_said(
    open_log: Any, path: Path, tmp_path: Path, block: Any, lost_bytes: int
) -> None:
    """A kill or a full disk in the middle of a write leaves part of a commit: all before it stays, nothing of it."""
    log = open_log()
    for n in range(4):
        log.append([block(n)])
    log.append([block(4, size=90_000), block(5, 1)])
    copied = copy_while_open(path, tmp_path / "copy.db")
    wal = copied.with_name("copy.db-wal")
    with wal.open("r+b") as file:
        file.truncate(wal.stat().st_size - lost_bytes)
    mended = LocalLog(copied, EVENT_TOPICS, 2)
    assert sequences(mended) == [0, 1, 2, 3]
    assert sequences(mended, 1) == []
    assert [cut.path for cut in mended.cut] == [copied]
    assert mended.append([block(6)]) == [4]
    mended.close()


def test_commits_behind_a_damaged_stretch_of_the_wal_are_named_as_lost(
    open_log: Any, path: Path, tmp_path: Path, block: Any
) -> None:
    """SQLite drops them without a word; we say it, and give new records other offsets."""
    log = open_log()
    for n in range(6):
        log.append([block(n, size=20_000)])
    copied = copy_while_open(path, tmp_path / "copy.db")
    overwrite(copied.with_name("copy.db-wal"), copied.with_name("copy.db-wal").stat().st_size - 60_000, 100)
    mended = LocalLog(copied, EVENT_TOPICS, 2)
    kept = sequences(mended)
    assert kept == list(range(len(kept)))
    assert 2 <= len(kept) <= 4
    assert len(mended.cut) == 1
    assert mended.append([block(6)]) == [len(kept) + FILLED_OFFSETS]
    mended.close()


def test_a_kill_between_the_head_and_the_page_of_the_last_frame_is_a_half_written_commit(
    open_log: Any, path: Path, tmp_path: Path, block: Any
) -> None:
    """The page of an older round stands behind the mark of the commit, as the file is used again from its beginning."""
    log = open_log()
    for n in range(4):
        log.append([block(n)])
    copied = copy_while_open(path, tmp_path / "copy.db")
    wal = copied.with_name("copy.db-wal")
    overwrite(wal, wal.stat().st_size - PAGE_BYTES, PAGE_BYTES)
    mended = LocalLog(copied, EVENT_TOPICS, 2)
    assert sequences(mended) == [0, 1, 2]
    assert ["half-written" in cut.reason for cut in mended.cut] == [True]
    assert mended.append([block(6)]) == [3]
    mended.close()


def test_a_damaged_frame_of_the_last_commit_is_told_by_the_whole_one_behind_it(
    open_log: Any, path: Path, tmp_path: Path, block: Any
) -> None:
    """A kill leaves nothing whole behind what is broken: frames are written in order."""
    log = open_log()
    for n in range(4):
        log.append([block(n, size=20_000)])
    copied = copy_while_open(path, tmp_path / "copy.db")
    wal = copied.with_name("copy.db-wal")
    overwrite(wal, wal.stat().st_size - 2 * (PAGE_BYTES + FRAME_HEAD_BYTES) + 100, 100)
    mended = LocalLog(copied, EVENT_TOPICS, 2)
    assert sequences(mended) == [0, 1, 2]
    assert ["damaged" in cut.reason for cut in mended.cut] == [True]
    assert mended.append([block(6)]) == [3 + FILLED_OFFSETS]
    mended.close()


@pytest.mark.parametrize("tail", [4096, 40_000])
def test_a_file_that_lost_its_end_is_salvaged(open_log: Any, path: Path, block: Any, tail: int) -> None:
    """SQLite calls it malformed; what can be read goes into a new file, the old one is kept beside it."""
    log = open_log()
    log.append([block(n, n % 2) for n in range(60)])
    log.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - tail)
    log = open_log()
    kept = sequences(log) + sequences(log, 1)
    assert len(kept) >= 40
    assert set(kept) < set(range(60))
    assert log.cut
    assert path.with_name("events.db.damaged-1").exists()
    log.append([block(60), block(61, 1)])
    assert sequences(log)[-1] == 60
    assert sequences(open_log(), 1)[-1] == 61


def test_pages_overwritten_in_the_middle_cost_only_their_records(open_log: Any, path: Path, block: Any) -> None:
    """Records before and behind the damage are kept, and readers that had the file open find the new one."""
    log = open_log()
    log.append([block(n, 0) for n in range(100)])
    log.close()
    reader = LocalLogReader(path)
    assert len(sequences(reader)) == 100
    overwrite(path, path.stat().st_size // 2 // 4096 * 4096, 8192)
    log = open_log()
    kept = sequences(log)
    assert len(kept) >= 80
    assert kept == sorted(kept)
    assert sequences(reader) == kept
    assert log.cut
    reader.close()


def test_a_file_that_is_no_database_is_set_aside(open_log: Any, path: Path, block: Any) -> None:
    """Intake goes on in a new log; the old file is kept for whoever can read it."""
    path.write_bytes(b"not a database at all, really" * 400)
    log = open_log()
    assert log.cut
    log.append([block(1)])
    assert sequences(log) == [1]
    assert path.with_name("events.db.damaged-1").read_bytes().startswith(b"not a database")


def test_kills_of_the_writer_are_no_damage_while_somebody_reads(path: Path) -> None:
    """A reader keeps SQLite from finding the last commit, which nobody was told of: it is gone, and nothing else."""
    place = json.dumps({"driver": "local", "path": str(path)})
    reader: LocalLogReader | None = None
    stored = 0
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, WRITER, "append", place], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        next(writer.stdout)
        reader = reader or LocalLogReader(path)
        reader.read(Topic.EVENTS, 0, 0)
        writer.kill()
        acknowledged = 1 + sum(1 for _ in writer.stdout)
        writer.wait()
        log = LocalLog(path, EVENT_TOPICS, 4)
        assert [cut.reason for cut in log.cut if cut.reason == DAMAGED] == []
        end = log.ends(Topic.EVENTS)[0].offset
        assert acknowledged <= end - stored <= acknowledged + 1
        stored = end
        log.close()
    assert reader is not None
    reader.close()
