"""What cannot be applied is left behind, its neighbours are not, and too much of it ends the worker for good."""

import msgspec
import pytest
from properties.stream_harness import DEFINITIONS

from schemas.topics import FORMAT_VERSION, POISON_VERSION, Kind, Record, Topic, WrittenByLaterVersion
from stream.applying import Poison, decode_record
from stream.core.definitions import Compiled
from stream.core.handoffs import CoreEvent, MovedState, encode_handoffs
from stream.core.partition import Partition
from stream.core.person import Person
from stream.core.person_codec import VERSION, encode
from stream.core.poison import LeftBehind, TooMuchPoison

T0 = 20_700 * 86_400_000
EVENT = {"message_id": "m", "type": "page", "occurred_ms": T0, "received_ms": T0, "anonymous_id": "d"}


def events(**changes: object) -> Record:
    return Record(Topic.EVENTS, 0, Kind.EVENTS, 1, msgspec.json.encode(EVENT | changes) + b"\n")


def handoffs(value: bytes) -> Record:
    return Record(Topic.HANDOFFS, 0, Kind.HANDOFFS, 1, value)


def state(data: bytes) -> Record:
    return handoffs(encode_handoffs([MovedState("u:a", "d:b", data, "m")]))


@pytest.mark.parametrize(
    "record",
    [
        Record(Topic.EVENTS, 0, Kind.EVENTS, 0, b"foreign", version=POISON_VERSION),
        Record(Topic.EVENTS, 0, Kind.EVENTS, 1, b"\xff\x00"),
        Record(Topic.EVENTS, 0, Kind.LINKS, 1, b"[]\n"),
        Record(Topic.EVENTS, 0, Kind.HANDOFFS, 1, encode_handoffs([])),
        Record(Topic.HANDOFFS, 0, Kind.EVENTS, 1, events().value),
        events(occurred_ms=10**18),
        events(occurred_ms=-1),
        events(received_ms=0),
        handoffs(b""),
        handoffs(b"\x91\xc0"),
        handoffs(encode_handoffs([CoreEvent("u:a", "m", "page", "", 10**17, T0, None, None)])),
        state(b""),
        state(b"\x02garbage"),
        state(encode("d:b", Person("d:b"))[:-3]),
    ],
)
def test_a_record_that_cannot_be_applied_is_poison_before_anything_of_it_is_applied(record: Record) -> None:
    """Foreign bytes, lines that are no rows, times that cannot be: never a crash, never half a record."""
    with pytest.raises(Poison):
        decode_record(record)


def test_an_unreadable_line_is_left_out_alone() -> None:
    """Its neighbours were accepted, and the loader loads them: numbers and stored events must not part."""
    bad = [b"\xff\x00\n", b'{"message_id": 1}\n', events(occurred_ms=10**18).value]
    good = [events(message_id="m1", anonymous_id="d1").value, events(message_id="m2", anonymous_id="d2").value]
    value = bad[0] + good[0] + bad[1] + b"\n" + good[1] + bad[2]
    decoded = decode_record(Record(Topic.EVENTS, 0, Kind.EVENTS, 6, value))
    partition = Partition(Compiled(DEFINITIONS))
    decoded.apply(partition)
    assert (decoded.size, decoded.unreadable) == (2, [0, 2, 5])
    assert [row[0] for row in partition.people.take_touched(1)] == ["d:d1", "d:d2"]


def test_an_unreadable_link_is_left_out_alone() -> None:
    """As an event is."""
    link = msgspec.json.encode({"anonymous_id": "d", "user_id": "u", "message_id": "m", "received_ms": T0})
    decoded = decode_record(Record(Topic.EVENTS, 0, Kind.LINKS, 2, link + b"\n[]\n"))
    assert (decoded.size, decoded.unreadable) == (1, [1])


def test_days_that_cannot_be_are_poison() -> None:
    """A state that claims to be active in a far future would take all memory."""
    person = Person("d:b")
    person.settled_days = 1 << 200_000
    with pytest.raises(Poison):
        decode_record(state(encode("d:b", person)))


@pytest.mark.parametrize(
    "record",
    [
        Record(Topic.EVENTS, 0, Kind.EVENTS, 1, b"anything", version=FORMAT_VERSION + 1),
        state(bytes((VERSION + 1,)) + encode("d:b", Person("d:b"))[1:]),
    ],
)
def test_what_a_later_version_wrote_is_not_left_behind(record: Record) -> None:
    """In a rolling upgrade the old worker ends, and a new one goes on with the record."""
    with pytest.raises(WrittenByLaterVersion):
        decode_record(record)


def test_more_poison_than_the_limit_within_the_window_is_too_much() -> None:
    """Single foreign records are left behind; a release that breaks every record must not drain the topic."""
    left = LeftBehind()
    for offset in range(0, 1000, 10):
        left.note("events", offset, 100, 1000)
    with pytest.raises(TooMuchPoison, match="events"):
        left.note("events", 999, 100, 1000)
    left.note("handoffs", 999, 100, 1000)
    left.note("events", 1000, 100, 1000)


def test_a_restart_does_not_count_poison_anew() -> None:
    """Or each start would leave as many behind again."""
    partition = Partition(Compiled(DEFINITIONS))
    for offset in range(100):
        partition.left_behind.note("events", offset, 100, 1000)
    heir = Partition(Compiled(DEFINITIONS))
    heir.restore(partition.take_snapshot().summary)
    with pytest.raises(TooMuchPoison):
        heir.left_behind.note("events", 100, 100, 1000)
