"""Records of the log as a collector would append them, for the tests of this folder."""

from typing import Any

import msgspec
from msgspec import Raw

from schemas.rows import EventRow, LinkRow, QuarantineRow
from schemas.topics import Kind, Record, Topic

_ENCODER = msgspec.json.Encoder()
RECEIVED_MS = 1_767_225_600_000


def event(message_id: str, **fields: Any) -> EventRow:
    given = {"type": "track", "event": "Project Created", "user_id": "u1"} | fields
    times = {"occurred_ms": RECEIVED_MS, "received_ms": RECEIVED_MS} | given
    return EventRow(message_id=message_id, **times)


def events(partition: int, *rows: EventRow) -> Record:
    flagged = sum(bytes(row.violations) != b"[]" for row in rows)
    return Record(Topic.EVENTS, partition, Kind.EVENTS, len(rows), _ENCODER.encode_lines(rows), flagged)


def unreadable(partition: int, *lines: bytes) -> Record:
    """A record of accepted lines that no program of ours would write."""
    return Record(Topic.EVENTS, partition, Kind.EVENTS, len(lines), b"".join(line + b"\n" for line in lines))


def links(partition: int, *pairs: tuple[str, str]) -> Record:
    rows = [LinkRow(device, user, f"{device}-{user}", RECEIVED_MS) for device, user in pairs]
    return Record(Topic.EVENTS, partition, Kind.LINKS, len(rows), _ENCODER.encode_lines(rows))


def quarantined(partition: int, *message_ids: str) -> Record:
    rows = [
        QuarantineRow(
            message_id=message_id,
            received_ms=RECEIVED_MS,
            violations=Raw(b'[{"rule":"wrong type","property":"plan","message":"no string"}]'),
            plan_version="v1",
            raw='{"event":"Trial Started"}',
            collector="c1",
            seq=number,
        )
        for number, message_id in enumerate(message_ids)
    ]
    return Record(Topic.QUARANTINE, partition, Kind.QUARANTINE, len(rows), _ENCODER.encode_lines(rows))
