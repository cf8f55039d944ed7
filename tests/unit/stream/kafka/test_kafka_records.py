"""From Kafka's messages to records: ours come back whole, everything else is poison."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import FORMAT_VERSION, Kind, Record, Topic
from stream.kafka.records import stored_from_kafka
from stream.log.messages import record_headers, stored_record

records = st.builds(
    Record,
    topic=st.sampled_from(Topic),
    partition=st.integers(0, 99),
    kind=st.sampled_from(Kind),
    count=st.integers(0, 10_000),
    value=st.binary(max_size=200),
    flagged=st.integers(0, 10_000),
    collector=st.text(max_size=40),
    sequence=st.integers(0, 2**40),
    version=st.integers(1, 9),
    watched_ms=st.integers(0, 2**50),
)
names = st.sampled_from(["version", "kind", "count", "flagged", "collector", "sequence", "watched_ms", "other"])
foreign = st.lists(st.tuples(names, st.none() | st.binary(max_size=25)), max_size=8)


@given(record=records)
def test_a_record_comes_back_from_its_headers(record: Record) -> None:
    """Whatever an appender sends, of any later version too."""
    stored = stored_from_kafka(record.topic, record.partition, 7, 1000, record_headers(record), record.value, 3)
    assert stored.record == record
    assert (stored.offset, stored.appended_ms, stored.lines_before) == (7, 1000, 3)
    assert not stored.record.is_poison


@given(headers=st.none() | foreign, value=st.none() | st.binary(max_size=50))
def test_no_headers_of_any_kind_raise(headers: list[tuple[str, bytes | None]] | None, value: bytes | None) -> None:
    """What cannot be read is poison: no lines, and the bytes as they lay there."""
    record = stored_from_kafka(Topic.HANDOFFS, 1, 7, 1000, headers, value).record
    if record.is_poison:
        assert (record.kind, record.count, record.value) == (Kind.HANDOFFS, 0, value or b"")


@given(record=records, missing=st.integers(0, 5))
def test_a_record_without_one_of_its_headers_is_poison(record: Record, missing: int) -> None:
    """None of them is guessed."""
    headers = record_headers(record)
    del headers[missing]
    assert stored_from_kafka(record.topic, 0, 0, 0, headers, record.value).record.is_poison


def test_a_kind_that_only_a_later_release_knows_is_not_poison() -> None:
    """Put aside it would be lost; by its version every reader stops there. One of this version is foreign."""
    record = Record(Topic.EVENTS, 0, Kind.EVENTS, 1, b"{}\n", version=FORMAT_VERSION + 1)
    for version, is_poison in ((FORMAT_VERSION, True), (FORMAT_VERSION + 1, False)):
        changed = {"kind": b"moods", "version": b"%d" % version}
        headers = [(name, changed.get(name, value)) for name, value in record_headers(record)]
        assert stored_from_kafka(Topic.EVENTS, 0, 0, 0, headers, record.value).record.is_poison is is_poison


def test_numbers_that_fit_no_table_are_poison() -> None:
    """A count with a thousand digits would fail somewhere far behind."""
    record = Record(Topic.EVENTS, 0, Kind.EVENTS, 1, b"{}\n")
    for digits in (b"9" * 1000, b"-1", b"", b" 1", b"1_0", "٣".encode()):
        headers = [(name, digits if name == "count" else value) for name, value in record_headers(record)]
        assert stored_from_kafka(Topic.EVENTS, 0, 0, 0, headers, record.value).record.is_poison


def test_foreign_values_under_the_names_of_our_times_are_passed_over() -> None:
    """A message with a number of five thousand digits is poison like any other, not an error in the worker."""
    headers = [("appended_ms", b"9" * 5000), ("lines_before", "٣".encode())]
    message = SimpleNamespace(topic="x.events", partition=1, offset=7, timestamp=1.5, headers=headers, value=b"x")
    stored = stored_record(message, "x.")
    assert stored.record.is_poison
    assert (stored.appended_ms, stored.lines_before, stored.offset) == (1500, 0, 7)
