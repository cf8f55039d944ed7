"""Copies the readable records of a damaged log file into a new one, which takes its place.

The damaged file is kept beside it. Does not judge whether that is needed: see `stream.log.opening`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from schemas.topics import Topic
from stream.log.connections import open_writer
from stream.log.layout import COLUMNS, INSERT, Row, is_intact, key_place, key_range
from stream.log.mending import FILLED_OFFSETS, Cut, fill_up
from stream.log.reading import stored_ends

_GIVE_UP_AFTER = 20_000
"""Unreadable offsets in a row after which a partition is taken to be at its end."""

Create = Callable[[sqlite3.Connection], None]


class _Bounds(NamedTuple):
    first_offset: int = 0
    next_offset: int = 0
    next_lines: int = 0


def salvage(path: Path, topics: Sequence[Topic], create: Create, now_ms: int) -> list[Cut]:
    """Replace the log by what can be read of it; what was lost. `create` makes the tables of an empty log.

    Until the last step, a rename, the damaged file stays where it is: a crash in between leads here again.
    """
    kept, fresh = _free_name(path), path.with_name(path.name + ".salvage")
    _remove_files(fresh)
    cuts = [Cut(path, f"the file is damaged; its readable records were copied, it is kept as {kept.name}")]
    with closing(_open_damaged(path)) as source, closing(open_writer(fresh)) as target:
        with suppress(sqlite3.Error):
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        create(target)
        # One fsync at the end is enough: until then nobody has the file.
        target.execute("PRAGMA synchronous=OFF")
        for topic in topics:
            for partition in stored_ends(target, topic):
                lost = _copy(source, target, topic, partition, now_ms)
                cuts += [Cut(path, "unreadable from here", topic, partition, offset) for offset in lost]
        target.execute("PRAGMA synchronous=FULL")
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.hardlink_to(path)
    _remove_files(path, "-wal", "-shm")
    fresh.rename(path)
    return cuts


def _open_damaged(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    # Without it SQLite refuses a file that is shorter than its header says.
    connection.execute("PRAGMA writable_schema=ON")
    return connection


def _copy(
    source: sqlite3.Connection, target: sqlite3.Connection, topic: Topic, partition: int, now_ms: int
) -> list[int]:
    """Copy a partition, with empty records in place of unreadable ones; where unreadable stretches begin."""
    known = _known_bounds(source, topic, partition)
    lost: list[int] = []
    _set_bounds(target, topic, partition, _Bounds(known.first_offset, known.first_offset))
    for row in _readable(source, topic, partition, known.first_offset, lost):
        offset = key_place(row[0])[2]
        fill_up(target, topic, partition, offset, now_ms)
        target.execute(INSERT, row)
    _set_bounds(target, topic, partition, known)
    end = stored_ends(target, topic)[partition].offset
    fill_up(target, topic, partition, end + FILLED_OFFSETS, now_ms)
    return lost


def _known_bounds(source: sqlite3.Connection, topic: Topic, partition: int) -> _Bounds:
    with suppress(sqlite3.Error):
        found = source.execute(
            "SELECT first_offset, next_offset, next_lines FROM bounds WHERE topic = ? AND partition = ?",
            (topic.value, partition),
        ).fetchone()
        if found:
            return _Bounds(*found)
    return _Bounds()


def _set_bounds(target: sqlite3.Connection, topic: Topic, partition: int, bounds: _Bounds) -> None:
    target.execute(
        "UPDATE bounds SET first_offset = ?, next_offset = ?, next_lines = ? WHERE topic = ? AND partition = ?",
        (*bounds, topic.value, partition),
    )


def _readable(
    source: sqlite3.Connection, topic: Topic, partition: int, first_offset: int, lost: list[int]
) -> Iterator[Row]:
    low, high = key_range(topic, partition)
    key, failures = low + first_offset, 0
    while failures < _GIVE_UP_AFTER:
        row = _next_row(source, key, high)
        if row is None:
            return
        if is_intact(row):
            failures = 0
            yield row
        else:
            failures += 1
            if failures == 1:
                lost.append(key_place(row[0])[2])
        key = row[0] + 1


def _next_row(source: sqlite3.Connection, key: int, high: int) -> Row | None:
    """The first row at or behind a key; one that is not intact if there is none to be had; None at the end."""
    try:
        found: Row | None = source.execute(
            f"SELECT {COLUMNS} FROM records WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1", (key, high)
        ).fetchone()
    except sqlite3.Error:
        return key, "", 0, 0, "", 0, 0, 0, 0, -1, b""
    return found


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name


def _remove_files(path: Path, *suffixes: str) -> None:
    for suffix in suffixes or ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
