"""How the embedded log lies in SQLite: tables, record keys, checksums.

Does not open files or transact: see `stream.log.local` and `stream.log.reading`.
"""

from struct import Struct
from zlib import crc32

from zstandard import ZstdCompressor

from schemas.topics import Kind, Record, StoredRecord, Topic

LAYOUT_VERSION = 1

_TOPIC_CODES = {Topic.EVENTS: 0, Topic.HANDOFFS: 1, Topic.QUARANTINE: 2}
_TOPICS = {code: topic for topic, code in _TOPIC_CODES.items()}
_PARTITION_BITS, _OFFSET_BITS = 12, 40
MAX_PARTITIONS = 1 << _PARTITION_BITS
MAX_OFFSET = (1 << _OFFSET_BITS) - 1

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bounds (
    topic TEXT NOT NULL, partition INTEGER NOT NULL,
    first_offset INTEGER NOT NULL DEFAULT 0,
    next_offset INTEGER NOT NULL DEFAULT 0, next_lines INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE watermarks (collector TEXT PRIMARY KEY, low_watermark_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, count INTEGER NOT NULL, flagged INTEGER NOT NULL, collector TEXT NOT NULL,
    sequence INTEGER NOT NULL, version INTEGER NOT NULL, appended_ms INTEGER NOT NULL,
    lines_before INTEGER NOT NULL, checksum INTEGER NOT NULL, value BLOB NOT NULL
);
"""
"""`bounds`: the first retained offset, and the least that the next offset and lines may be (readers take the
larger of these and what follows from the newest record), so that neither goes back when records are removed.
`records.flagged` below 0 is minus the `watched_ms` of a record that has no lines.
`records.value` is one zstd frame and comes last, so that the columns before it lie on the row's first page."""

COLUMNS = "key, kind, count, flagged, collector, sequence, version, appended_ms, lines_before, checksum, value"
INSERT = f"INSERT INTO records ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[int, str, int, int, str, int, int, int, int, int, bytes]

_NOTHING = ZstdCompressor(level=1).compress(b"")
_CHECKED = Struct("<qqqq")


class RecordDamaged(Exception):
    """A stored record is not what was appended; reading on without it would lose events silently."""


def record_key(topic: Topic, partition: int, offset: int) -> int:
    """Rowid of a record: records of one partition lie side by side, in order of offset."""
    return (_TOPIC_CODES[topic] << _PARTITION_BITS | partition) << _OFFSET_BITS | offset


def key_range(topic: Topic, partition: int) -> tuple[int, int]:
    """Lowest and highest key that a partition can hold, both included."""
    return record_key(topic, partition, 0), record_key(topic, partition, MAX_OFFSET)


def key_place(key: int) -> tuple[Topic, int, int]:
    """Topic, partition and offset of a key."""
    place = key >> _OFFSET_BITS
    return _TOPICS[place >> _PARTITION_BITS], place & (MAX_PARTITIONS - 1), key & MAX_OFFSET


def checksum(key: int, count: int, lines_before: int, appended_ms: int, value: bytes) -> int:
    """CRC-32 of the stored (compressed) bytes and of the numbers by which readers find and count them."""
    return crc32(value, crc32(_CHECKED.pack(key, count, lines_before, appended_ms)))


def to_row(key: int, record: Record, value: bytes, appended_ms: int, lines_before: int) -> Row:
    """The row of a record; `value` is the compressed block."""
    check = checksum(key, record.count, lines_before, appended_ms, value)
    return (
        key,
        str(record.kind),
        record.count,
        -record.watched_ms or record.flagged,
        record.collector,
        record.sequence,
        record.version,
        appended_ms,
        lines_before,
        check,
        value,
    )


def empty_row(key: int, appended_ms: int, lines_before: int) -> Row:
    """A record without lines: it stands where one was lost, so that offsets keep following each other."""
    topic, partition, _offset = key_place(key)
    return to_row(key, Record(topic, partition, Kind.EVENTS, 0, b""), _NOTHING, appended_ms, lines_before)


def is_intact(row: Row) -> bool:
    key, count, appended_ms, lines_before, check, value = row[0], row[2], row[7], row[8], row[9], row[10]
    return isinstance(value, bytes) and checksum(key, count, lines_before, appended_ms, value) == check


def from_row(row: Row, value: bytes) -> StoredRecord:
    """The record of a row; `value` is the block, no longer compressed."""
    key, kind, count, flagged, collector, sequence, version, appended_ms, lines_before = row[:9]
    topic, partition, offset = key_place(key)
    watched_ms = 0
    if flagged < 0:
        watched_ms, flagged = -flagged, 0
    record = Record(topic, partition, Kind(kind), count, value, flagged, collector, sequence, version, watched_ms)
    return StoredRecord(record, offset, appended_ms, lines_before)
