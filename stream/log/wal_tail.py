"""Looks at what SQLite left unread at the end of a write-ahead log: it drops a broken tail without a word.

Does not change what is in the log: it only moves commits into the file, which empties the write-ahead log.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import NamedTuple

_HEADER = Struct(">8I")
_FRAME = Struct(">6I")
_MAGIC = (0x377F0682, 0x377F0683)

HALF_WRITTEN = "a half-written commit was at the end of the write-ahead log; it had not been acknowledged"
DAMAGED = "the write-ahead log is damaged; commits behind the damage are lost"

Sums = tuple[int, int]


class _Frame(NamedTuple):
    """One page of a commit; its `sums` run on from those of the frame before."""

    hashed: bytes
    is_commit: bool
    sums: Sums


def unread_tail(connection: sqlite3.Connection, path: Path) -> str:
    """What lies behind the last commit that SQLite knows: "", `HALF_WRITTEN` or `DAMAGED`.

    The first two are normal after a kill: the last commit was written in part, or whole but not told to other
    processes yet, which keeps SQLite from knowing it; nobody was told that it is stored. A whole commit behind a
    broken frame tells that something acknowledged was there. (A file cut short later looks like the first two, and so
    does a last frame that is broken: readers' positions tell.)
    Must be called before the first write to the connection; empties the write-ahead log if no reader is in it, so that
    what a later commit leaves of the tail is never taken for a commit.
    """
    _busy, known, _moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    verdict = _look(path.with_name(path.name + "-wal"), known)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return verdict


def _look(wal: Path, known: int) -> str:
    """`known` frames are read by SQLite; those behind them are judged."""
    if not wal.exists() or wal.stat().st_size < _HEADER.size:
        return ""
    with wal.open("rb") as file:
        magic, _format, page_bytes, _sequence, salt1, salt2, sum1, sum2 = _HEADER.unpack(file.read(_HEADER.size))
        if magic not in _MAGIC:
            return DAMAGED
        frame_bytes = _FRAME.size + page_bytes
        if known:
            file.seek(_HEADER.size + (known - 1) * frame_bytes)
            sum1, sum2 = _FRAME.unpack(file.read(_FRAME.size))[4:]
        file.seek(_HEADER.size + known * frame_bytes)
        frames = _frames(file.read(), (salt1, salt2), frame_bytes)
    return _judge(frames, (sum1, sum2), Struct(f"{'<>'[magic & 1]}{page_bytes // 4 + 2}I"))


def _frames(tail: bytes, salts: tuple[int, int], frame_bytes: int) -> list[_Frame]:
    """Those of this round: frames of older rounds carry other salts and mean nothing. The last may lack its page."""
    frames = []
    for start in range(0, len(tail) - _FRAME.size + 1, frame_bytes):
        _page, size_after_commit, *frame_salts, sum1, sum2 = _FRAME.unpack_from(tail, start)
        if tuple(frame_salts) == salts:
            hashed = tail[start : start + 8] + tail[start + _FRAME.size : start + frame_bytes]
            frames.append(_Frame(hashed, size_after_commit != 0, (sum1, sum2)))
    return frames


def _judge(frames: Sequence[_Frame], sums: Sums, words: Struct) -> str:
    """`sums` are those of the frame before the first. Up to the first broken frame nothing is wrong."""
    verdict = ""
    for number, frame in enumerate(frames):
        if not _is_whole(frame, sums, words):
            behind = zip(frames[number:], frames[number + 1 :], strict=False)
            is_damaged = any(later.is_commit and _is_whole(later, before.sums, words) for before, later in behind)
            return DAMAGED if is_damaged else HALF_WRITTEN
        verdict = "" if frame.is_commit else HALF_WRITTEN
        sums = frame.sums
    return verdict


def _is_whole(frame: _Frame, before: Sums, words: Struct) -> bool:
    """Whether its page is what its checksum says."""
    if len(frame.hashed) != words.size:
        return False
    sum1, sum2 = before
    values = words.unpack(frame.hashed)
    for one, other in zip(values[::2], values[1::2], strict=True):
        sum1 = (sum1 + one + sum2) & 0xFFFFFFFF
        sum2 = (sum2 + other + sum1) & 0xFFFFFFFF
    return (sum1, sum2) == frame.sums
