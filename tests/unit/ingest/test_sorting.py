"""What a request comes to: rows by partition, links, copies, minted ids, originals of what is kept out."""

import json
import uuid
from typing import Any

import pytest

from ingest.arrival import arrival_of, check_copies
from ingest.auth import Grant
from ingest.limits import Limits
from ingest.messages import read_batch
from ingest.rejections import Rejection
from ingest.sorting import Sorted, Sorter
from ingest.telemetry import Telemetry
from schemas.definitions import Workspace
from schemas.partitioning import device_partition, user_partition
from schemas.topics import Kind, Topic

WEB, SECRET = Grant("web", False), Grant("secret", True)
NOW_MS = 1_795_262_400_000
PARTITIONS = 4


@pytest.fixture
def sorter(default_workspace: Workspace) -> Sorter:
    return Sorter(default_workspace, PARTITIONS, "c-1", Limits(), Telemetry())


def sort(sorter: Sorter, *items: dict[str, Any], grant: Grant = WEB, **batch: Any) -> Sorted:
    base = {"type": "page", "timestamp": "2026-11-21T12:00:00Z"}
    body = json.dumps({"batch": [base | item for item in items], **batch}).encode()
    messages = read_batch(body, Limits())
    return sorter.sort(messages.messages, arrival_of("", messages, NOW_MS), grant)


def links(out: Sorted) -> list[tuple[str, str]]:
    return [(row.anonymous_id, row.user_id) for row in out.link_rows]


def test_a_message_with_both_ids_makes_a_link(sorter: Sorter) -> None:
    """In the order of the request; a pair is appended once."""
    out = sort(
        sorter,
        {"anonymousId": "d1", "userId": "u1", "messageId": "m1"},
        {"anonymousId": "d2", "userId": "u1"},
        {"anonymousId": "d1", "userId": "u1"},
        {"anonymousId": "d1", "userId": "u2"},
    )
    assert links(out) == [("d1", "u1"), ("d2", "u1"), ("d1", "u2")]
    assert out.link_rows[0].message_id == "m1"


@pytest.mark.parametrize("ids", [{"userId": "u1"}, {"anonymousId": "d1"}, {"userId": "null", "anonymousId": "d1"}])
def test_one_usable_id_links_nothing(sorter: Sorter, ids: dict[str, str]) -> None:
    """Junk never links."""
    assert links(sort(sorter, ids)) == []


def test_a_link_is_left_out_only_after_it_was_appended(sorter: Sorter) -> None:
    """If the append failed, the retry must carry the link again."""
    both = {"anonymousId": "d1", "userId": "u1"}
    sorter.failed(sort(sorter, both))
    second = sort(sorter, both)
    assert links(second) == [("d1", "u1")]
    sorter.appended(second)
    assert links(sort(sorter, both)) == []
    assert links(sort(sorter, {"anonymousId": "d1", "userId": "u2"})) == [("d1", "u2")]


def test_a_quarantined_message_links_nothing(sorter: Sorter) -> None:
    """Contracts §2."""
    assert links(sort(sorter, {"anonymousId": "d1", "userId": "u1", "name": 5})) == []


def test_an_alias_by_write_key_links_a_device(sorter: Sorter) -> None:
    """Its previous id is a device, whatever it looks like; its anonymous id plays no part."""
    alias = {"type": "alias", "previousId": "u0", "userId": "u1", "anonymousId": "d9"}
    out = sort(sorter, alias)
    assert links(out) == [("u0", "u1")]
    assert not out.stored[0].secret


def test_an_alias_by_secret_key_links_nothing(sorter: Sorter) -> None:
    """It unites two users, which the stream does."""
    out = sort(sorter, {"type": "alias", "previousId": "u0", "userId": "u1"}, grant=SECRET)
    assert links(out) == []
    assert out.stored[0].secret
    assert out.stored[0].previous_id == "u0"


def test_a_message_lies_in_its_users_partition_else_its_devices(sorter: Sorter) -> None:
    """Routing depends on the message alone; an alias lies with its user, a link with its device."""
    rows = {}
    for number in range(40):
        out = sort(
            sorter,
            {"userId": f"u{number}", "anonymousId": f"d{number}", "messageId": f"both{number}"},
            {"userId": "none", "anonymousId": f"d{number}", "messageId": f"device{number}"},
            {"type": "alias", "userId": f"u{number}", "previousId": f"p{number}", "messageId": f"alias{number}"},
        )
        for portion in sorter.portions(out):
            for line in portion.value.splitlines():
                rows[portion.kind, json.loads(line)["message_id"]] = portion.partition
    for number in range(40):
        user, device = user_partition(f"u{number}", PARTITIONS), device_partition(f"d{number}", PARTITIONS)
        assert rows[Kind.EVENTS, f"both{number}"] == user
        assert rows[Kind.EVENTS, f"alias{number}"] == user
        assert rows[Kind.EVENTS, f"device{number}"] == device
        assert rows[Kind.LINKS, f"both{number}"] == device
        assert rows[Kind.LINKS, f"alias{number}"] == device_partition(f"p{number}", PARTITIONS)


def test_a_copy_is_told_and_appended_all_the_same(sorter: Sorter) -> None:
    """The first may not be durable yet; within one request too."""
    out = sort(sorter, {"userId": "u", "messageId": "m1"}, {"userId": "u", "messageId": "m1"})
    assert [out.verdicts[place]["status"] for place in sorted(out.verdicts)] == ["duplicate"]
    assert len(out.stored) == 2
    again = sort(sorter, {"userId": "u", "messageId": "m2"}, {"userId": "u", "messageId": "m1"})
    assert list(again.verdicts) == [1]


def test_a_flagged_copy_keeps_its_violations(sorter: Sorter) -> None:
    """One verdict a message: duplicate, with what is wrong."""
    message = {"userId": "u", "messageId": "m1", "timestamp": None}
    assert sort(sorter, message).verdicts[0]["status"] == "flagged"
    copy = sort(sorter, message).verdicts[0]
    assert copy["status"] == "duplicate"
    assert copy["violations"][0]["rule"] == "bad time"


def test_the_retry_of_a_failed_append_is_no_copy(sorter: Sorter) -> None:
    """Nothing was promised, so nothing was there before."""
    message = {"userId": "u", "messageId": "m1"}
    sorter.failed(sort(sorter, message))
    assert sort(sorter, message).verdicts == {}


def test_quarantined_messages_are_no_originals_of_copies(sorter: Sorter) -> None:
    """A corrected message may be sent again under its id."""
    sort(sorter, {"userId": "u", "messageId": "m1", "name": 5})
    assert sort(sorter, {"userId": "u", "messageId": "m1"}).verdicts == {}


def test_absent_and_junk_message_ids_are_minted(sorter: Sorter) -> None:
    """UUIDs of version 7, told to the sender by their place."""
    out = sort(sorter, {"userId": "u"}, {"userId": "u", "messageId": "m"}, {"userId": "u", "messageId": "null"})
    assert [place for place, _ in out.minted] == [0, 2]
    minted = uuid.UUID(out.stored[0].message_id)
    assert minted.version == 7
    assert minted.variant == uuid.RFC_4122
    assert minted.int >> 80 == NOW_MS
    assert out.minted[0][1] == out.stored[0].message_id


def test_every_message_has_a_number_of_its_own(sorter: Sorter) -> None:
    """Quarantined ones too: (collector, seq) is unique."""
    first = sort(sorter, {"userId": "u"}, {}, {"userId": "u"})
    second = sort(sorter, {"userId": "u"})
    numbers = [row.seq for row in [*first.stored, *first.quarantine, *second.stored]]
    assert sorted(numbers) == [1, 2, 3, 4]
    assert {row.collector for row in first.stored} == {"c-1"}


def test_what_is_kept_out_keeps_its_original_bytes(sorter: Sorter) -> None:
    """With the reasons, the plan's version and what could be read."""
    text = '{"type":"track",  "userId": "u", "event":"Feature Used", "odd":"\\ud800"}'
    messages = read_batch(('{"batch":[' + text + "]}").encode(), Limits())
    (row,) = sorter.sort(messages.messages, arrival_of("", messages, NOW_MS), WEB).quarantine
    assert row.raw == text
    assert row.event == "Feature Used"
    assert row.user_id == "u"
    assert row.plan_version
    assert json.loads(bytes(row.violations))[0]["rule"] == "wrong type"


def test_an_item_over_32_kb_is_kept_out_alone(sorter: Sorter) -> None:
    """Its neighbours are stored; 32 KB is what was sent, not what is kept of it."""
    out = sort(sorter, {"userId": "u", "zzz": "x" * 33_000}, {"userId": "u", "properties": {"x": "y" * 32_000}})
    assert len(out.stored) == 1
    assert out.verdicts[0]["violations"][0]["rule"] == "too large"


def test_a_batchs_context_counts_towards_each_message(sorter: Sorter) -> None:
    """Each row holds it: what is over 32 KB with it is kept out, alone, with nothing but its own bytes."""
    small, large = {"userId": "u"}, {"userId": "u", "zzz": "x" * 2_000}
    out = sort(sorter, small, large, context={"b": "x" * 31_000})
    assert [len(row.context) for row in out.stored] == [31_008]
    assert out.verdicts[1]["violations"][0]["rule"] == "too large"
    assert len(out.quarantine[0].raw) < 2_200
    assert len(sort(sorter, small, small, context={"b": "x" * 33_000}).quarantine) == 2
    spaced = {"userId": "u", "context": {"own": 1}}
    assert len(sort(sorter, spaced, context={"b": "x" * 33_000}).quarantine[0].raw) < 200


def test_a_context_that_multiplies_is_refused() -> None:
    """413 for the whole batch: 8 MB of copies is the most that one request may cause."""
    body = json.dumps({"context": {"b": "x" * 2_000}, "batch": [{}] * 5_000}).encode()
    messages = read_batch(body, Limits())
    arrival = arrival_of("", messages, NOW_MS)
    check_copies(arrival, 4_000, Limits())
    with pytest.raises(Rejection) as refused:
        check_copies(arrival, len(messages.messages), Limits())
    assert refused.value.status == 413
    none = read_batch(json.dumps({"batch": [{}] * 5_000}).encode(), Limits())
    check_copies(arrival_of("", none, NOW_MS), 20_000, Limits())


def test_a_stored_row_holds_each_key_once_on_one_line(sorter: Sorter) -> None:
    """Readers in SQL take the first of equal keys, so only the last is kept; line breaks would end the row."""
    body = b'{"batch":[{"type":"page","userId":"u","properties":{"a":1,\n"b":{"c":1 , "c":2},"a" : 3}}]}'
    messages = read_batch(body, Limits())
    (portion,) = sorter.portions(sorter.sort(messages.messages, arrival_of("", messages, NOW_MS), WEB))
    assert portion.value.count(b"\n") == 1
    assert b'"properties":{"a":3,"b":{"c":2}}' in portion.value


def test_a_batchs_context_lies_under_that_of_its_messages(sorter: Sorter) -> None:
    """As Segment does; the message's own keys win, and the next message starts afresh."""
    out = sort(
        sorter,
        {"userId": "u", "context": {"ip": "1", "app": {"name": "a"}}},
        {"userId": "u"},
        context={"ip": "2", "locale": "fr"},
    )
    contexts = [json.loads(bytes(row.context)) for row in out.stored]
    assert contexts == [{"ip": "1", "locale": "fr", "app": {"name": "a"}}, {"ip": "2", "locale": "fr"}]


def test_equal_contexts_are_merged_once_a_batch(sorter: Sorter) -> None:
    """Messages of one batch often carry the same; another batch with another context starts afresh."""
    page = {"userId": "u", "context": {"own": 1}}
    first, second = sort(sorter, page, page, context={"base": 1}).stored
    assert first.context is second.context
    (other,) = sort(sorter, page, context={"base": 2}).stored
    assert json.loads(bytes(other.context)) == {"base": 2, "own": 1}
    many = sort(sorter, *({"userId": "u", "context": {"own": number}} for number in range(200)), context={"base": 3})
    assert [json.loads(bytes(row.context))["own"] for row in many.stored] == list(range(200))


def test_an_item_that_is_no_object_has_one_violation(default_workspace: Workspace) -> None:
    """There is nothing in it that could be wrong besides; it is given an id to be found by."""
    sorter = Sorter(default_workspace, PARTITIONS, "c-1", Limits(), Telemetry())
    messages = read_batch(b'{"batch":[5]}', Limits())
    out = sorter.sort(messages.messages, arrival_of("", messages, NOW_MS), WEB)
    assert [violation["rule"] for violation in out.verdicts[0]["violations"]] == ["wrong type"]
    assert out.quarantine[0].raw == "5"
    assert out.quarantine[0].message_id == out.minted[0][1]


def test_quarantine_goes_to_its_own_topic(sorter: Sorter) -> None:
    """The stream never sees it."""
    (portion,) = sorter.portions(sort(sorter, {}))
    assert portion.topic is Topic.QUARANTINE
    assert portion.kind is Kind.QUARANTINE
