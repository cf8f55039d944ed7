"""The stream's numbers equal a count from scratch, whatever the order and the number of partitions."""

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import recount
from stream_harness import DEFINITIONS, PAID, PRICING, PROJECT, SIGNUP, TASK, Message, Stream

T0 = 20_700 * recount.DAY
FUNNELS = [(f.id, f.window_seconds * 1000, [s.event for s in f.steps]) for f in DEFINITIONS.funnels]


def random_history(seed: int, size: int) -> list[Message]:
    """Several devices, shared devices, late by up to five weeks, copies, equal times, midnights, aliases."""
    chance = random.Random(seed)
    users = ["ann", "bob", "cid", "é", "zoe", "0", "null", ""]
    devices = ["d1", "d2", "d3", "d4", "-", ""]
    sent: list[Message] = []
    now = T0
    for number in range(size):
        now += chance.choice([0, 1, 60_000, 3_600_000, recount.DAY // 2, recount.DAY])
        late = chance.choice([0, 0, 0, 1, recount.DAY, 12 * recount.DAY, 34 * recount.DAY])
        retried = [old for old in sent[-20:] if now - old.received_ms < 3 * recount.DAY]
        if retried and chance.random() < 0.15:
            old = chance.choice(retried)
            sent.append(
                Message(
                    **{
                        **vars(old),
                        "occurred_ms": old.occurred_ms + chance.choice([0, -recount.DAY, recount.DAY, 5]),
                        "received_ms": now,
                    }
                )
            )
            continue
        user, device = chance.choice(users), chance.choice(devices)
        kind = chance.choices(["track", "page", "identify", "alias"], [8, 2, 1, 1])[0]
        if recount.junk(user) and recount.junk(device):
            device = "d1"
        if kind == "alias" and recount.junk(user):
            user = "bob"
        at = max(now - late, T0 - 3 * recount.DAY)
        if chance.random() < 0.2:
            at -= at % recount.DAY
        sent.append(
            Message(
                f"m{number}",
                kind,
                at,
                now,
                chance.choice([SIGNUP, PROJECT, TASK, TASK, PRICING, PAID, "Other"]) if kind == "track" else "",
                user,
                "" if kind == "alias" else device,
                chance.choice(["ann", "bob", "cid", "é", "zoe", "d1", "d2"]) if kind == "alias" else "",
                chance.random() < 0.6,
            )
        )
    return sent


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9), size=st.integers(1, 60), partitions=st.sampled_from([1, 4, 16]))
def test_any_history_gives_the_numbers_of_a_count_from_scratch(seed: int, size: int, partitions: int) -> None:
    """Duplicates, late events, links and unions in any order: the differences add up to the definitions."""
    history = random_history(seed, size)
    stream = Stream(partitions, seed=seed)
    for number, message in enumerate(history):
        stream.send(message)
        if number % 7 == seed % 7:
            stream.settle()
            stream.checkpoint()
    stream.settle()
    assert stream.numbers() == recount.numbers(history, FUNNELS, SIGNUP, (PROJECT, TASK))


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_overrides_lead_every_united_id_to_its_person(partitions: int) -> None:
    """The smallest target of an id's overrides is the person that a count from scratch gives its messages."""
    for seed in range(60):
        history = random_history(seed, 50)
        stream = Stream(partitions, seed=seed)
        for message in history:
            stream.send(message)
        stream.settle()
        overrides = stream.overrides()
        for message_id, person in recount.persons(history).items():
            message = next(m for m in history if m.message_id == message_id)
            user = "" if recount.junk(message.user_id) else message.user_id
            own = f"u:{user}" if user else f"d:{message.anonymous_id}"
            assert overrides.get(own, own) == person, (seed, message)


@pytest.mark.long
def test_ten_thousand_histories_give_the_numbers_of_a_count_from_scratch() -> None:
    """The same, over more and longer histories; each failing seed is named."""
    wrong = []
    for seed in range(10_000):
        chance = random.Random(seed)
        history, stream = random_history(seed, chance.randint(1, 90)), Stream(chance.choice([1, 2, 4, 16]), seed=seed)
        for number, message in enumerate(history):
            stream.send(message)
            if number % 7 == seed % 7:
                stream.settle()
                stream.checkpoint()
        stream.settle()
        if stream.numbers() != recount.numbers(history, FUNNELS, SIGNUP, (PROJECT, TASK)):
            wrong.append(seed)
    assert wrong == []
