"""Keys, rows and messages of the embedded log: nothing is lost or mixed up on the way.

No files.
"""

from dataclasses import replace

import pytest
from faust.types import ConsumerMessage
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import Kind, Record, StoredRecord, Topic
from stream.log.layout import (
    MAX_OFFSET,
    MAX_PARTITIONS,
    empty_row,
    from_row,
    is_intact,
    key_place,
    key_range,
    record_key,
    to_row,
)
from stream.log.messages import record_headers, stored_headers, stored_record

places = st.tuples(st.sampled_from(Topic), st.integers(0, MAX_PARTITIONS - 1), st.integers(0, MAX_OFFSET))
RECORD = Record(Topic.EVENTS, 3, Kind.LINKS, 2, b"{}\n{}\n", 1, "c-é", 9)


@given(places)
def test_a_key_names_one_place(place: tuple[Topic, int, int]) -> None:
    """Topic, partition and offset come back from the key."""
    assert key_place(record_key(*place)) == place


@given(places, places)
def test_keys_of_one_partition_are_its_own_and_in_order(
    one: tuple[Topic, int, int], other: tuple[Topic, int, int]
) -> None:
    """Records of a partition lie side by side; no other partition's key lies between them."""
    low, high = key_range(*one[:2])
    assert (low <= record_key(*other) <= high) == (one[:2] == other[:2])
    assert -(2**63) <= high < 2**63


def test_a_row_gives_its_record_back() -> None:
    """Every field survives."""
    row = to_row(record_key(Topic.EVENTS, 3, 17), RECORD, b"compressed", 1234, 56)
    assert is_intact(row)
    assert from_row(row, RECORD.value) == StoredRecord(RECORD, 17, 1234, 56)


WATCHED = Record(Topic.EVENTS, 3, Kind.LINKS, 0, b"", 0, "c-é", 9, watched_ms=1_795_262_400_000)


def test_a_record_of_the_self_watch_comes_back_and_is_nothing_to_earlier_releases() -> None:
    """They see a record without lines, of a kind that they know, in their own format."""
    row = to_row(record_key(Topic.EVENTS, 3, 17), WATCHED, b"compressed", 1234, 56)
    assert is_intact(row)
    assert from_row(row, b"").record == WATCHED
    assert (row[1], row[2], row[6]) == ("links", 0, 1)
    headers = stored_headers(StoredRecord(WATCHED, 17, 1234, 56))
    message = ConsumerMessage("events", 3, 17, 1.234, 1, headers, None, b"", None)
    assert stored_record(message) == StoredRecord(WATCHED, 17, 1234, 56)
    assert dict(headers)["version"] == b"1"


@pytest.mark.parametrize("column", [0, 2, 7, 8, 9, 10])
def test_a_row_changed_anywhere_that_matters_is_not_intact(column: int) -> None:
    """Key, count, times, lines, checksum and value are covered by the checksum."""
    row = list(to_row(record_key(Topic.EVENTS, 3, 17), RECORD, b"compressed", 1234, 56))
    row[column] = row[column] + (b"!" if column == 10 else 1)
    assert not is_intact(tuple(row))  # type: ignore[arg-type]


def test_an_empty_record_is_intact_and_has_no_lines() -> None:
    """It stands in place of a lost record."""
    row = empty_row(record_key(Topic.QUARANTINE, 1, 5), 1234, 56)
    assert is_intact(row)
    assert row[2] == 0


@pytest.mark.parametrize("prefix", ["", "ns."])
def test_a_message_gives_its_record_back(prefix: str) -> None:
    """Headers carry what the value does not; a topic prefix is taken off."""
    stored = StoredRecord(replace(RECORD, topic=Topic.HANDOFFS), 17, 1234, 56)
    message = ConsumerMessage(
        prefix + "handoffs", 3, 17, 1.234, 1, stored_headers(stored), None, RECORD.value, None, generation_id=1
    )
    assert stored_record(message, prefix) == stored


@pytest.mark.parametrize(
    "headers",
    [None, [("kind", b"events")], [("kind", None)], [("appended_ms", b"\xff"), ("lines_before", None)]],
)
def test_a_message_without_our_headers_comes_back_as_poison(headers: list[tuple[str, bytes]] | None) -> None:
    """Somebody else wrote into our topic: offsets go on behind it."""
    stored = stored_record(ConsumerMessage("ns.events", 2, 9, 1.5, 1, headers, None, b"x", None), "ns.")
    assert stored.record.is_poison
    assert (stored.record.topic, stored.record.partition, stored.offset) == (Topic.EVENTS, 2, 9)
    assert stored.appended_ms == 1500


def test_a_message_of_kafka_is_as_old_as_the_broker_says() -> None:
    """There the log's own headers are missing: its time stands in the message, its lines are not counted."""
    message = ConsumerMessage("events", 3, 17, 1.234, 1, record_headers(RECORD), None, RECORD.value, None)
    stored = stored_record(message)
    assert (stored.record.sequence, stored.appended_ms, stored.lines_before) == (RECORD.sequence, 1234, 0)
