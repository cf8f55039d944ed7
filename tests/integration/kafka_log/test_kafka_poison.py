"""What others write into our topics comes out as poison, and harms no neighbour. A real broker."""

from typing import Any

import pytest
from integration.kafka_log.place import Place
from kafka import KafkaProducer

from schemas.topics import Kind, LogEnd, Topic
from stream.log.messages import record_headers

FOREIGN: dict[str, tuple[bytes | None, list[tuple[str, bytes]]]] = {
    "no headers": (b"hello", []),
    "headers of another product": (b"{}", [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-01")]),
    "garbage in our headers": (
        b"\xff\x00",
        [("version", b"1"), ("kind", b"\xff\xfe"), ("count", b"x"), ("flagged", b"-1"), ("collector", b"\xff")],
    ),
    "no value": (None, [("version", b"1")]),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_message_is_poison_and_its_neighbours_are_unharmed(place: Place, block: Any, what: str) -> None:
    """It has no lines, its bytes are as they lay there, and offsets go on behind it."""
    value, headers = FOREIGN[what]
    log, reader = place.log(), place.reader()
    log.append([block(1)])
    producer = KafkaProducer(bootstrap_servers=place.brokers)
    producer.send(place.prefix + "events", key=b"k", value=value, headers=headers, partition=0).get(30)
    producer.close()
    log.append([block(2)])
    before, poison, after = reader.read(Topic.EVENTS, 0, 0)
    assert [before.record, after.record] == [block(1), block(2)]
    assert poison.record.is_poison
    assert (poison.offset, poison.record.count, poison.record.value) == (1, 0, value or b"")
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(3, 4)
    assert [reader.lines_before(Topic.EVENTS, 0, offset) for offset in range(4)] == [0, 2, 2, 4]


def test_a_record_of_a_later_version_is_no_poison(place: Place, block: Any) -> None:
    """While an installation is upgraded, readers must see it and stop, not set it aside."""
    producer = KafkaProducer(bootstrap_servers=place.brokers)
    headers = dict(record_headers(block(1))) | {"version": b"2"}
    producer.send(place.prefix + "events", value=b"x", headers=list(headers.items()), partition=0).get(30)
    producer.close()
    record = place.reader().read(Topic.EVENTS, 0, 0)[0].record
    assert not record.is_poison
    assert (record.version, record.kind) == (2, Kind.EVENTS)


def test_the_marks_of_foreign_transactions_are_poison_too(place: Place, block: Any) -> None:
    """They take offsets without being messages; a reader that stands before one comes past it."""
    log, reader = place.log(), place.reader()
    log.append([block(1)])
    producer = KafkaProducer(bootstrap_servers=place.brokers, transactional_id=place.prefix)
    producer.init_transactions()
    for _ in range(2):
        producer.begin_transaction()
        producer.send(place.prefix + "events", value=b"foreign", partition=0)
        producer.commit_transaction()
    producer.close()
    end = reader.ends(Topic.EVENTS)[0]
    assert end == LogEnd(5, 2)
    offset, found = 0, []
    while records := reader.read(Topic.EVENTS, 0, offset):
        found += records
        offset = records[-1].offset + 1
    assert offset == end.offset
    assert [stored.record.is_poison for stored in found] == [False] + [True] * (len(found) - 1)
    log.append([block(2)])
    assert [stored.record for stored in reader.read(Topic.EVENTS, 0, 5)] == [block(2)]


class NoText(str):
    """A header name that is no UTF-8: Kafka does not mind, and some clients send whatever they are given."""

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


def test_header_names_that_are_no_text_stop_no_reader(place: Place, block: Any) -> None:
    """The client library cannot give such a message to anybody; its batch is passed over as poison."""
    log, reader = place.log(), place.reader()
    log.append([block(1)])
    producer = KafkaProducer(bootstrap_servers=place.brokers, linger_ms=200)
    name = place.prefix + "events"
    for headers in ([("a", b"")], [(NoText("a"), b"")], [("a", b"")]):
        producer.send(name, value=b"foreign", headers=headers, partition=0)
    producer.flush(30)
    producer.close()
    log.append([block(2)])
    found: list[Any] = []
    while records := reader.read(Topic.EVENTS, 0, len(found)):
        found += records
    assert [stored.offset for stored in found] == [0, 1, 2, 3, 4]
    assert [stored.record.is_poison for stored in found] == [False, True, True, True, False]
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(5, 4)
    fresh = place.reader()
    assert fresh.ends(Topic.EVENTS)[0] == LogEnd(5, 4)
