"""The stream's numbers equal a count from scratch, whatever the order and the number of partitions."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import recount
from properties.random_histories import FUNNELS, random_history
from properties.stream_harness import PROJECT, SIGNUP, TASK, Stream


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
