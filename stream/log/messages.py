"""Between stored records and Faust messages: what a record is besides its bytes travels in headers.

Does not move messages: see `stream.log.consumer`.
"""

from collections.abc import Iterable
from typing import Any

from schemas.topics import Kind, Record, StoredRecord, Topic

Headers = list[tuple[str, bytes]]


def record_headers(record: Record) -> Headers:
    """The headers of a record as an appender knows it (the same on Kafka)."""
    return [
        ("version", b"%d" % record.version),
        ("kind", record.kind.encode()),
        ("count", b"%d" % record.count),
        ("flagged", b"%d" % record.flagged),
        ("collector", record.collector.encode()),
        ("sequence", b"%d" % record.sequence),
    ]


def stored_headers(stored: StoredRecord) -> Headers:
    """The headers of a record that has been appended: besides its own, when, and after how many lines."""
    appended = [("appended_ms", b"%d" % stored.appended_ms), ("lines_before", b"%d" % stored.lines_before)]
    return record_headers(stored.record) + appended


def stored_record(message: Any, topic_prefix: str = "") -> StoredRecord:
    """The record of a Faust message (`event.message`), as the log gave it.

    Raises:
        KeyError, ValueError: a header is missing or malformed; such a message is not of this product.
    """
    headers = _by_name(message.headers)
    record = Record(
        topic=Topic(message.topic.removeprefix(topic_prefix)),
        partition=message.partition,
        kind=Kind(headers["kind"].decode()),
        count=int(headers["count"]),
        value=message.value,
        flagged=int(headers["flagged"]),
        collector=headers["collector"].decode(),
        sequence=int(headers["sequence"]),
        version=int(headers["version"]),
    )
    return StoredRecord(record, message.offset, int(headers["appended_ms"]), int(headers["lines_before"]))


def _by_name(headers: Iterable[tuple[str, bytes]] | None) -> dict[str, bytes]:
    return dict(headers or ())
