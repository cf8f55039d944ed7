"""A person of any size can be handed off: large states come in slices, which unite to the same person."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import recount
from properties.random_histories import FUNNELS, random_history
from properties.stream_harness import DEFINITIONS, PROJECT, SIGNUP, TASK, Stream

from schemas.rows import LinkRow
from schemas.topics import MAX_BLOCK_BYTES
from stream.core import identity
from stream.core.active_days import FIRST_DAY
from stream.core.definitions import Compiled
from stream.core.funnels import all_entries
from stream.core.handoffs import MovedState
from stream.core.identity import apply_links, apply_state
from stream.core.partition import Partition
from stream.core.person import Person, note_moment
from stream.core.person_codec import decode, encode
from stream.kafka.topics import MAX_RECORD_BYTES
from stream.outgoing import blocks

DAY = 86_400_000


def busy_device(messages: int, milestones: int, steps: Sequence[str] = (TASK, PROJECT)) -> Partition:
    """A partition with a device that did much on forty days, and has many ids."""
    state = Partition(Compiled(DEFINITIONS))
    person = state.people.touch("d:busy")
    assert isinstance(person, Person)
    chance = random.Random(7)
    for number in range(messages):
        person.note_activity(chance.getrandbits(64), 30 + number % 40, 1)
    for number in range(milestones):
        message, at = chance.getrandbits(64), (FIRST_DAY + 30 + number % 40) * DAY + chance.randrange(DAY)
        person.see(at)
        note_moment(person.steps.setdefault(chance.choice(steps), {}), message, at)
        note_moment(person.actions, message, at)
    person.devices.update(f"device {number}" for number in range(milestones))
    person.signed_up_ms = person.first_seen_ms
    person.entries = all_entries(person, state.definitions)
    return state


def test_every_record_of_a_huge_person_has_the_size_of_a_block() -> None:
    """Whatever a person has done, Kafka takes its hand-off; its parts unite to all that it was."""
    sender = busy_device(700_000, 5_000)
    whole = encode("d:busy", sender.people.touch("d:busy"))  # type: ignore[arg-type]
    assert len(whole) > MAX_RECORD_BYTES
    apply_links(sender, [LinkRow("busy", "ann", "m1", 0)])
    assert all(len(record.value) <= MAX_BLOCK_BYTES for record in blocks(sender.outbox, 1))
    total = Person("d:busy")
    for moved in sender.outbox:
        assert isinstance(moved, MovedState)
        total.absorb(decode("d:busy", moved.state))
    assert encode("d:busy", total) == whole


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), size=st.integers(1, 60), partitions=st.sampled_from([1, 4, 16]))
def test_states_in_slices_give_the_numbers_of_a_count_from_scratch(seed: int, size: int, partitions: int) -> None:
    """Any history, where every state is too large for a record."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(identity, "MAX_STATE_BYTES", 150)
        history = random_history(seed, size)
        stream = Stream(partitions, seed=seed)
        for number, message in enumerate(history):
            stream.send(message)
            if number % 7 == seed % 7:
                stream.settle()
                stream.checkpoint()
        stream.settle()
        assert stream.numbers() == recount.numbers(history, FUNNELS, SIGNUP, (PROJECT, TASK))


@pytest.mark.parametrize("steps", [(TASK, PROJECT), (TASK,)])
def test_days_that_are_frozen_where_a_state_arrives_are_taken_over_whole(steps: Sequence[str]) -> None:
    """The first slice tells the entries of the whole state; the others add nothing to frozen days."""
    totals = []
    for most_bytes in (1 << 30, 5_000):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(identity, "MAX_STATE_BYTES", most_bytes)
            sender, receiver = busy_device(3_000, 1_000, steps), Partition(Compiled(DEFINITIONS))
            receiver.watermark_ms = (FIRST_DAY + 100) * DAY
            receiver.forget_before(receiver.watermark_ms, receiver.watermark_ms)
            assert FIRST_DAY + 40 < receiver.freeze_day < FIRST_DAY + 60
            apply_links(sender, [LinkRow("busy", "ann", "m1", 0)])
            for moved in sender.outbox:
                apply_state(receiver, moved)  # type: ignore[arg-type]
            totals.append((len(sender.outbox) > 1, sorted(receiver.counters.values())))
    assert [cut for cut, _ in totals] == [False, True]
    assert totals[0][1] == totals[1][1]
    assert any("twice" in metric for metric, _, _ in totals[0][1])
