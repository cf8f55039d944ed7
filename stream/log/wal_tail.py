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

    The first is normal after a kill in the middle of a write. A whole commit behind a broken frame tells that
    something acknowledged was there. (A file cut short later looks like the first, or like nothing: readers'
    positions tell. So does a last frame that is broken: SQLite writes a frame's head before its page.)
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
        words = Struct(f"{'<>'[magic & 1]}{page_bytes // 4 + 2}I")
        return _judge(file.read(), salts, page_bytes, words)


def _judge(tail: bytes, salts: list[int], page_bytes: int, words: Struct) -> str:
    """Frames of older rounds carry other salts and mean nothing; the first frame's may themselves be damaged.

    A commit mark tells of a whole commit if another frame stands behind it, or if its own page is what its checksum
    says. Without its page (cut short by a full disk), or before an older round's page, it is that of a write cut short.
    """
    frame_bytes = _FRAME.size + page_bytes
    starts = range(0, len(tail) - _FRAME.size + 1, frame_bytes)
    frames = [start for start in starts if list(_FRAME.unpack_from(tail, start)[2:4]) == salts]
    for start in frames:
        is_commit = _FRAME.unpack_from(tail, start)[1] != 0
        if is_commit and (start != frames[-1] or _is_whole(tail, start, frame_bytes, words)):
            return DAMAGED
    return HALF_WRITTEN if frames else ""


def _is_whole(tail: bytes, start: int, frame_bytes: int, words: Struct) -> bool:
    """Checksums run on from frame to frame: that of the frame before is the seed.

    The tail's first frame was refused by SQLite, which knew its seed.
    """
    if start < frame_bytes or start + frame_bytes > len(tail):
        return False
    sum1, sum2 = _FRAME.unpack_from(tail, start - frame_bytes)[4:]
    hashed = tail[start : start + 8] + tail[start + _FRAME.size : start + frame_bytes]
    values = words.unpack(hashed)
    for one, other in zip(values[::2], values[1::2], strict=True):
        sum1 = (sum1 + one + sum2) & 0xFFFFFFFF
        sum2 = (sum2 + other + sum1) & 0xFFFFFFFF
    return (sum1, sum2) == _FRAME.unpack_from(tail, start)[4:]
