"""Retries that carry an old `sentAt`, so that their copies fall on other days: the earliest counts (contracts §1 Time).

Each copy of a message is sent in a round of its own, in any order, with kills of the engine between rounds.
"""

import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from system.company import CORE_ACTIONS, iso
from system.counting import Stored, count, differences, persons_of, published, stored_events, today_in
from system.running import NorthStream
from system.sending import Message
from system.verifying import seed

PERSONS = 80
ROUNDS = 3
_DAY = 86_400
_SLACK_SECONDS = 300
"""Between the times of copies and any midnight: more than a request takes on a busy machine."""

_DELAYS = (0, 2 * _SLACK_SECONDS, 5 * 3600, _DAY, 2 * _DAY)
"""How long after its `sentAt` a copy arrives: its time is corrected by as much."""

_EVENTS = ("Pricing Viewed", "Account Created", *CORE_ACTIONS, "Subscription Started", "Cat Petted")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_of_copies_with_other_times_the_earliest_counts_everywhere(tmp_path: Path) -> None:
    """A copy moves its message to the earlier day and never adds a second one: stored, active, signed up, entered."""
    random = Random(seed())
    midnight = int(time.time()) // _DAY * _DAY - 4 * _DAY
    messages = [message for person in range(PERSONS) for message in messages_of(person, midnight, random)]
    delays: dict[str, float] = {}
    sent: list[Message] = []
    with NorthStream(tmp_path) as running:
        for turn in range(ROUNDS):
            copies = random.sample(messages, len(messages) * 2 // 3)
            for first in range(0, len(copies), 20):
                sent += send_copies(running, copies[first : first + 20], delays, random)
            if turn == 1:
                running.kill("engine")
            running.settle()
            verify(running, sent, delays)
            if turn == 0:
                sent += link_devices(running, midnight)
                running.kill("engine")


def messages_of(person: int, midnight: int, random: Random) -> list[Message]:
    """Messages just before midnights, of a device that is linked to the user later, or of the user."""
    messages = []
    for number in range(random.randint(1, 7)):
        who = {"anonymousId": f"device-{person}"} if random.random() < 0.5 else {"userId": f"user-{person}"}
        messages.append(
            {
                "type": "track",
                "messageId": f"message-{person}-{number}",
                "event": random.choice(_EVENTS),
                "properties": {"plan": "pro", "mrr": 9},
                "timestamp": iso(midnight + random.choice((0, 0, 1)) * _DAY - _SLACK_SECONDS - random.random()),
                **who,
            }
        )
    return messages


def send_copies(running: NorthStream, copies: list[Message], delays: dict[str, float], random: Random) -> list[Message]:
    """Send each with a `sentAt` that lies some delay behind; note the shortest delay of each message."""
    now = time.time()
    batch = []
    for message in copies:
        delay = random.choice(_DELAYS)
        batch.append(message | {"sentAt": iso(now - delay)})
        delays[message["messageId"]] = min(delay, delays.get(message["messageId"], delay))
    reply = running.send({"batch": batch})
    assert (reply["accepted"], reply["quarantined"]) == (len(batch), 0)
    return batch


def link_devices(running: NorthStream, midnight: int) -> list[Message]:
    """From now on a message of a device and its copies belong to the user: states with both unite."""
    links: list[Message] = [
        {
            "type": "identify",
            "messageId": f"login-{person}",
            "anonymousId": f"device-{person}",
            "userId": f"user-{person}",
            "timestamp": iso(midnight),
        }
        for person in range(0, PERSONS, 2)
    ]
    running.send({"batch": links})
    return links


def verify(running: NorthStream, sent: list[Message], delays: dict[str, float]) -> None:
    stored = stored_events(running)
    ids = {message["messageId"] for message in sent}
    assert Counter(event.message_id for event in stored) == Counter(ids)
    timestamps = {message["messageId"]: message["timestamp"] for message in sent}
    moved = [event for event in stored if not is_earliest(event, timestamps[event.message_id], delays)]
    assert not moved[:3], f"{len(moved)} messages do not stand at their earliest time"
    expected = count(stored, persons_of(sent, ids))
    print(f"{len(sent)} sent, {len(stored)} stored, {sum(expected['dau'].values())} person days")
    assert not differences(expected, published(running), today_in())
    quality = running.get("/api/quality")
    assert (quality["accepted"], quality["duplicates"]) == (len(sent), len(sent) - len(ids))


def is_earliest(event: Stored, timestamp: str, delays: dict[str, float]) -> bool:
    """Whether the stored time is the client's, corrected by the shortest delay (and what the request took)."""
    latest = event.occurred_ms / 1000 - delays.get(event.message_id, 0) + 0.002  # both ends were cut to a millisecond
    return iso(latest - _SLACK_SECONDS) <= timestamp <= iso(latest)
