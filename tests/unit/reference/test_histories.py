"""Random histories: the same from the same seed, and full of what they are for."""

from collections import Counter, defaultdict

from reference.histories import History
from reference.messages import Sent, accept
from reference.numbers import earliest_copies
from reference.people import People

NOW_MS = 1_795_338_000_000


def sent_by(seed: int, batches: int, prefix: str = "") -> list[Sent]:
    return [batch.sent_at(NOW_MS)[1] for batch in History(seed, NOW_MS, prefix=prefix).batches(batches)]


def test_a_seed_is_a_history() -> None:
    """A failure can be run again."""
    assert sent_by(7, 50) == sent_by(7, 50)
    assert sent_by(7, 50) != sent_by(8, 50)


def test_prefixes_keep_histories_apart() -> None:
    """Histories that are sent at the same time share no id, whatever their seeds."""
    ids = [
        {name for message in accept(sent_by(seed, 60, f"{seed}.")).messages for name in (message.user, message.device)}
        for seed in (1, 2)
    ]
    assert ids[0] & ids[1] == {None}


def test_a_history_has_every_difficulty() -> None:
    """Else equality with the reference would say little."""
    accepted = accept(sent_by(1, 300))
    messages, people = accepted.messages, People(accepted.messages)
    times = Counter(message.occurred_ms for message in earliest_copies(messages))
    users_of_device = defaultdict(set)
    copies = defaultdict(set)
    for message in messages:
        copies[message.message_id].add(message.occurred_ms)
        if message.device and message.user:
            users_of_device[message.device].add(message.user)
    assert accepted.quarantined > 10
    assert max(times.values()) > 3, "equal instants"
    assert any(len(users) > 1 for users in users_of_device.values()), "shared devices"
    assert sum(len(found) > 1 for found in copies.values()) > 10, "copies with other times"
    assert max(len(people.united_with(user)) for pair in people.unions for user in pair) > 3, "chains of aliases"
    assert any(not message.secret for message in messages if message.type == "alias"), "aliases of devices"
    late = [message for message in messages if NOW_MS - message.occurred_ms > 21 * 86_400_000]
    assert len(late) > 20, "late by weeks"
