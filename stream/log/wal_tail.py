"""Looks at what SQLite left unread at the end of a write-ahead log: it drops a broken tail without a word.

Does not change the file.
"""

import sqlite3
from pathlib import Path
from struct import Struct

_HEADER = Struct(">8I")
_FRAME = Struct(">6I")
_MAGIC = (0x377F0682, 0x377F0683)

HALF_WRITTEN = "a half-written commit was at the end of the write-ahead log; it had not been acknowledged"
DAMAGED = "the write-ahead log is damaged; commits behind the damage are lost"


def unread_tail(connection: sqlite3.Connection, path: Path) -> str:
    """What lies behind the last commit that SQLite read: "", `HALF_WRITTEN` or `DAMAGED`.

    The first is normal after a kill in the middle of a write. A commit mark behind a broken frame tells that a
    whole commit was there. (A file cut short later looks like the first, or like nothing: readers' positions tell.)
    Must be called before the first write to the connection.
    """
    _busy, frames, _moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    wal = path.with_name(path.name + "-wal")
    if not wal.exists() or wal.stat().st_size < _HEADER.size:
        return ""
    with wal.open("rb") as file:
        magic, _format, page_bytes, _sequence, *salts, _sum1, _sum2 = _HEADER.unpack(file.read(_HEADER.size))
        if magic not in _MAGIC:
            return DAMAGED
        file.seek(_HEADER.size + frames * (_FRAME.size + page_bytes))
        return _judge(file.read(), salts, page_bytes)


def _judge(tail: bytes, salts: list[int], page_bytes: int) -> str:
    """Frames of older rounds carry other salts and mean nothing; the first frame's may themselves be damaged.

    A commit mark whose page the file no longer holds is that of a write cut short by a full disk: no commit.
    """
    verdict = ""
    frame_bytes = _FRAME.size + page_bytes
    for start in range(0, len(tail) - _FRAME.size + 1, frame_bytes):
        _page, size_after_commit, *frame_salts, _sum1, _sum2 = _FRAME.unpack_from(tail, start)
        if frame_salts == salts:
            verdict = HALF_WRITTEN
            if size_after_commit and start + frame_bytes <= len(tail):
                return DAMAGED
    return verdict
