"""Several workers with bounds of their own count what a count from scratch gives, and merges restate no phantom."""

import random

import pytest
from properties import recount
from properties.random_histories import FUNNELS, T0, random_history
from properties.several_workers import Group
from properties.stream_harness import PROJECT, SIGNUP, TASK, Message


def run_history(seed: int) -> tuple[list[Message], Group]:
    """A random history through a random group that changes on the way."""
    chance = random.Random(seed)
    history = random_history(seed, chance.randint(1, 90))
    group = Group(chance.choice([2, 3, 4, 8]), seed)
    for message in history:
        group.send(message)
        group.go_on(chance.choice([0, 0, 1, 4]))
    group.settle()
    return history, group


def differs(seed: int) -> bool:
    history, group = run_history(seed)
    return group.numbers() != recount.numbers(history, FUNNELS, SIGNUP, (PROJECT, TASK))


def test_independent_bounds_and_deaths_change_no_number() -> None:
    """Partitions of different workers run weeks apart, are given to others, and are read again from their headers."""
    assert [seed for seed in range(400) if differs(seed)] == []


@pytest.mark.long
def test_independent_bounds_and_deaths_change_no_number_in_ten_thousand_histories() -> None:
    """The same, over more histories; each failing seed is named."""
    assert [seed for seed in range(10_000) if differs(seed)] == []


def moving_devices(seed: int) -> list[Message]:
    """Devices that were active alone, for days, become those of users who were never active beside them."""
    chance = random.Random(seed)
    sent: list[Message] = []
    now = T0
    for number in range(chance.randint(5, 60)):
        now += chance.choice([60_000, 3_600_000, recount.DAY // 2])
        visitor = chance.randint(1, 6)
        if chance.random() < 0.2:
            sent.append(Message(f"m{number}", "identify", now, now, "", f"user{visitor}", f"device{visitor}"))
        else:
            sent.append(Message(f"m{number}", "page", now, now, "", "", f"device{visitor}"))
    return sent


def phantom(seed: int) -> bool:
    """Whether merges of persons that share no day are said to have changed a number."""
    chance = random.Random(seed)
    group = Group(chance.choice([2, 3, 4]), seed)
    for message in moving_devices(seed):
        group.send(message)
        group.go_on(chance.choice([0, 1, 4]))
    group.settle()
    return bool(group.restated_by_merges())


def test_the_two_halves_of_a_merge_cancel_out() -> None:
    """One worker may have closed a day that the other has not, and may die after it has handed a person off."""
    assert [seed for seed in range(400) if phantom(seed)] == []


@pytest.mark.long
def test_the_two_halves_of_a_merge_cancel_out_in_ten_thousand_histories() -> None:
    """The same, over more histories; each failing seed is named."""
    assert [seed for seed in range(10_000) if phantom(seed)] == []
