"""What is sent with the key of the self-watch: acknowledged, appended, and nothing else."""

import json
from typing import Any

import pytest

from ingest.arrival import arrival_of
from ingest.auth import Grant, KeyRing
from ingest.blocks import Portion, pack
from ingest.limits import Limits
from ingest.messages import read_batch
from ingest.sorting import Sorter
from ingest.telemetry import Telemetry
from ingest.throttle import Throttle
from northstream.keys import watch_key
from northstream.parts.watching import batch, devices_of
from northstream.settings import Settings
from schemas.definitions import Workspace
from schemas.topics import Kind, Topic

NOW_MS = 1_795_262_400_000
PARTITIONS = 4
WATCH = Grant("watch", False, watches=True)


@pytest.fixture
def sorter(default_workspace: Workspace) -> Sorter:
    return Sorter(default_workspace, PARTITIONS, "c-1", Limits(), Telemetry())


def portions(sorter: Sorter, body: bytes) -> list[Portion]:
    messages = read_batch(body, Limits())
    out = sorter.sort(messages.messages, arrival_of("", messages, NOW_MS), WATCH)
    assert not any((out.stored, out.quarantine, out.link_rows, out.verdicts, out.minted, out.fresh, out.broken))
    return sorter.portions(out)


@pytest.mark.parametrize("partitions", [1, 3, 4, 64])
def test_each_partition_has_a_device_of_its_own(partitions: int, default_workspace: Workspace) -> None:
    """The collector finds the partition by the rule of every message."""
    sorter = Sorter(default_workspace, partitions, "c-1", Limits(), Telemetry())
    found = portions(sorter, batch(devices_of(partitions), NOW_MS))
    assert [portion.partition for portion in found] == list(range(partitions))
    assert {portion.watched_ms for portion in found} == {NOW_MS}


def test_its_records_have_no_lines_and_stand_alone(sorter: Sorter) -> None:
    """Whatever is appended with them: readers pass over them, of earlier releases too."""
    watched = portions(sorter, batch(devices_of(PARTITIONS), NOW_MS))
    line = Portion(Topic.EVENTS, 0, Kind.LINKS, 1, 0, b"{}\n")
    records = pack([line, *watched, *watched, line], "c-1", 1)
    assert [record.sequence for record in records] == list(range(1, 2 * PARTITIONS + 2))
    assert (records[0].value, records[0].watched_ms) == (b"{}\n{}\n", 0)
    assert all(record.is_filler and record.watched_ms == NOW_MS for record in records[1:])


@pytest.mark.parametrize(
    ("sender_ms", "known_ms"),
    [(-4_000, -4_000), (0, 0), (3_000, 0), (3_600_000, 0), (-3_600_000, 0)],
)
def test_a_wrong_clock_makes_no_age_that_cannot_be(sorter: Sorter, sender_ms: int, known_ms: int) -> None:
    """Corrected as the time of any message, and never later than its arrival."""
    found = portions(sorter, batch(devices_of(PARTITIONS), NOW_MS + sender_ms))
    assert {portion.watched_ms for portion in found} == {NOW_MS + known_ms}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "track", "event": "Account Created", "userId": "ana"},
        {"type": "alias", "userId": "ana", "previousId": "bob"},
        {"type": "track", "event": 7, "anonymousId": ["d"]},
        {},
        5,
    ],
)
def test_the_key_is_good_for_nothing_else(sorter: Sorter, message: Any) -> None:
    """Nothing that could be an app's is stored, and nothing is quarantined."""
    assert portions(sorter, json.dumps({"batch": [message]}).encode()) == []


def test_one_request_makes_one_record_a_partition_at_most(sorter: Sorter) -> None:
    """Whoever got hold of the key cannot fill the log with a few bytes."""
    assert len(portions(sorter, batch([f"d{number}" for number in range(500)], NOW_MS))) == PARTITIONS


def test_the_key_follows_from_the_secret_key() -> None:
    """The same in every role, another in every installation; neither tells the other."""
    one, other = Settings(secret_key="sk_one"), Settings(secret_key="sk_other")
    assert watch_key(one) == watch_key(Settings(secret_key="sk_one", write_key="wk"))
    assert watch_key(one) != watch_key(other)
    assert "sk_one" not in watch_key(one)
    grant = KeyRing({"wk": "web"}, {"sk_one"}, watch_key(one)).by_key(watch_key(one))
    assert (grant.watches, grant.secret) == (True, False)
    assert not KeyRing({"wk": "web"}, {"sk_one"}, "wk").by_key("wk").watches


def test_no_rate_holds_it_up() -> None:
    """Else a busy second would look like a dead path."""
    throttle = Throttle(Limits(events_per_second=1), lambda: 0.0)
    for _ in range(10):
        throttle.take(WATCH, 64)
