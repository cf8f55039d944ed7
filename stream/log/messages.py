"""Between stored records and messages of a log: what a record is besides its bytes travels in headers.

Does not move messages: see `stream.log.consumer`, `stream.kafka`.
"""

from typing import Any

from schemas.topics import Record, StoredRecord, Topic
from stream.kafka.records import stored_from_kafka

Headers = list[tuple[str, bytes]]


def record_headers(record: Record) -> Headers:
    """The headers of a record as an appender knows it (the same on Kafka)."""
    headers = [
        ("version", b"%d" % record.version),
        ("kind", record.kind.encode()),
        ("count", b"%d" % record.count),
        ("flagged", b"%d" % record.flagged),
        ("collector", record.collector.encode()),
        ("sequence", b"%d" % record.sequence),
    ]
    if record.watched_ms:
        headers.append(("watched_ms", b"%d" % record.watched_ms))
    return headers


def stored_headers(stored: StoredRecord) -> Headers:
    """The headers of a record that has been appended: besides its own, when, and after how many lines."""
    appended = [("appended_ms", b"%d" % stored.appended_ms), ("lines_before", b"%d" % stored.lines_before)]
    return record_headers(stored.record) + appended


def stored_record(message: Any, topic_prefix: str = "") -> StoredRecord:
    """The record of a Faust message (`event.message`), as the log gave it.

    On Kafka the broker's own time stands for `appended_ms`, and lines before it are not told (0). A message that is
    not of this product comes back as poison (`schemas.topics.Record.is_poison`).
    """
    headers: dict[str, bytes | None] = dict(message.headers or ())
    own_ms, lines = _digits(headers.get("appended_ms")), _digits(headers.get("lines_before"))
    return stored_from_kafka(
        Topic(message.topic.removeprefix(topic_prefix)),
        message.partition,
        message.offset,
        int(own_ms) if own_ms else int((message.timestamp or 0) * 1000),
        headers.items(),
        message.value,
        int(lines or b"0"),
    )


def _digits(value: bytes | None) -> bytes:
    """A number as `stored_headers` writes it; empty if a foreign message carries something else under its name."""
    return value if value and value.isdigit() and len(value) <= 18 else b""
