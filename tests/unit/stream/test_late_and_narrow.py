"""Messages whose first copy may be forgotten, and workspaces that narrow what makes a person active."""

from dataclasses import replace

import msgspec
import pytest

from schemas.calendar import DAY_MS
from schemas.definitions import StreamDefinitions
from stream.core.active_days import FIRST_DAY
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.partition import Partition

DAY = FIRST_DAY + 100
DEFINITIONS = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track", "page", "screen")),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(("Task Completed",)),
    core_actions_needed=1,
)


def send(partition: Partition, message_id: str, occurred: float, received: float, **more: object) -> None:
    """Times in days."""
    line = {
        "message_id": message_id,
        "type": "track",
        "user_id": "ada",
        "occurred_ms": int(occurred * DAY_MS),
        "received_ms": int(received * DAY_MS),
        **more,
    }
    apply_events(partition, decode_events(msgspec.json.encode(line)))


def values(partition: Partition) -> dict[tuple[str, int], int]:
    return {(metric, day): value for metric, day, value in partition.counters.values() if metric not in ("wau", "mau")}


def test_a_message_whose_first_copy_may_be_forgotten_is_counted_as_late_and_left_to_the_audit() -> None:
    """Sent five days ago by its own claim, on another day: its first copy may have counted already."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "old", DAY - 20, DAY - 20)
    times = {"timestamp_ms": (DAY - 5) * DAY_MS, "sent_ms": (DAY - 5) * DAY_MS}
    send(partition, "copy", DAY, DAY, **times)
    assert values(partition) == {("dau", DAY - 20): 1, ("late", DAY): 1}


def test_a_wrong_clock_counts_where_no_copy_can_have_come_before() -> None:
    """A device that is a year behind, while the partition is younger than a year."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "old", DAY - 20, DAY - 20)
    times = {"timestamp_ms": (DAY - 90) * DAY_MS, "sent_ms": (DAY - 90) * DAY_MS}
    send(partition, "wrong clock", DAY, DAY, **times)
    assert values(partition) == {("dau", DAY - 20): 1, ("dau", DAY): 1}


@pytest.mark.parametrize("types", [frozenset(("page",)), frozenset(("page", "screen"))])
def test_narrowing_what_is_active_leaves_signups_and_activation_alone(types: frozenset[str]) -> None:
    """Only the actives are narrowed; a signup is a signup."""
    partition = Partition(Compiled(replace(DEFINITIONS, active_types=types)))
    send(partition, "signup", DAY, DAY, event="Account Created")
    send(partition, "action", DAY, DAY, event="Task Completed")
    assert values(partition) == {("signups", DAY): 1, ("activated", DAY): 1, ("activations", DAY): 1}
    send(partition, "seen", DAY, DAY, type="page")
    assert values(partition)[("dau", DAY)] == 1


def test_narrowing_to_some_events_makes_only_these_active() -> None:
    """`active_events` names the track calls that count."""
    partition = Partition(Compiled(replace(DEFINITIONS, active_events=frozenset(("Task Completed",)))))
    send(partition, "other", DAY, DAY, event="Feature Used")
    assert values(partition) == {}
    send(partition, "task", DAY, DAY, event="Task Completed")
    assert values(partition) == {("dau", DAY): 1}
