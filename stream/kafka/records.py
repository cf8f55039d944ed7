"""From Kafka's messages to records; whatever is not ours comes out as poison, never as an error.

Does not read from Kafka: see `stream.kafka.reading` and `stream.kafka.transport`.
"""

from collections.abc import Iterable

from schemas.topics import FORMAT_VERSION, POISON_VERSION, Kind, Record, StoredRecord, Topic

_KINDS = {kind.value.encode(): kind for kind in Kind}
_FOREIGN_KINDS = {Topic.EVENTS: Kind.EVENTS, Topic.HANDOFFS: Kind.HANDOFFS, Topic.QUARANTINE: Kind.QUARANTINE}

Headers = Iterable[tuple[str, bytes | None]]


def stored_from_kafka(
    topic: Topic,
    partition: int,
    offset: int,
    appended_ms: int,
    headers: Headers | None,
    value: bytes | None,
    lines_before: int = 0,
) -> StoredRecord:
    """The record of a message, or a poison record (`schemas.topics.Record.is_poison`) in its place."""
    try:
        record = _record(topic, partition, dict(headers or ()), value)
    except (KeyError, ValueError, TypeError, AttributeError):
        # Every way in which foreign headers and values differ from `stream.log.messages.record_headers`.
        record = Record(topic, partition, _FOREIGN_KINDS[topic], 0, value or b"", version=POISON_VERSION)
    return StoredRecord(record, offset, appended_ms, lines_before)


def _record(topic: Topic, partition: int, headers: dict[str, bytes | None], value: bytes | None) -> Record:
    if value is None:
        raise ValueError("a message without a value")
    count, version = _number(headers["count"]), _number(headers["version"])
    if not version:
        raise ValueError("a message that calls itself poison")
    kind = _KINDS.get(headers["kind"])  # type: ignore[arg-type]
    if kind is None and version > FORMAT_VERSION:
        # Of a kind that this release does not know; by its version every reader stops there.
        kind = _FOREIGN_KINDS[topic]
    if kind is None:
        raise ValueError(f"no kind of ours: {headers['kind']!r}")
    return Record(
        topic,
        partition,
        kind,
        count,
        value,
        _number(headers["flagged"]),
        headers["collector"].decode(),  # type: ignore[union-attr]
        _number(headers["sequence"]),
        version,
        _number(headers["watched_ms"]) if "watched_ms" in headers else 0,
    )


def _number(digits: bytes | None) -> int:
    """A count as `record_headers` writes it: ASCII digits, no sign, not so many that it fits no table."""
    if digits is None or not digits.isdigit() or len(digits) > 18:
        raise ValueError(f"not a number: {digits!r}")
    return int(digits)
