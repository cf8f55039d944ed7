"""Several workers on a real broker count what a count from scratch gives, whoever comes, goes, or dies."""

import signal

from integration.kafka_stream.company import Company, wait_until
from integration.stream.collected import later
from properties.random_histories import random_history


def test_one_worker_then_two_then_one_count_the_same(company: Company) -> None:
    """A worker that joins takes partitions over; one that leaves gives them back after a last checkpoint."""
    first = company.start_worker()
    company.send(random_history(1, 40))
    company.settle()
    assert company.numbers() == company.expected()
    second = company.start_worker()
    wait_until(lambda: second.said("partitions taken"), "the second worker has partitions")
    company.send(later(company.sent, random_history(2, 40)))
    company.settle()
    assert company.numbers() == company.expected()
    assert first.stop() == 0
    company.send(later(company.sent, random_history(3, 40)))
    company.settle()
    assert company.numbers() == company.expected()
    assert second.starts == 1


def test_a_killed_worker_is_replaced_by_the_other(company: Company) -> None:
    """`kill -9`: what it had not made durable is read again by whoever takes over."""
    first, second = company.start_worker(), company.start_worker()
    company.send(random_history(4, 40))
    wait_until(lambda: first.said("partitions taken") and second.said("partitions taken"), "both have partitions")
    first.send(signal.SIGKILL)
    company.send(later(company.sent, random_history(5, 40)))
    company.settle()
    assert company.numbers() == company.expected()
    wait_until(lambda: first.starts == 2, "its parent has started it again")
