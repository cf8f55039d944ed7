"""Several workers on a real broker count what a count from scratch gives, whoever comes, goes, or dies."""

import random
import signal
import threading
import time

import pytest
from integration.kafka_stream.company import Company, wait_until
from integration.stream.collected import later
from properties.random_histories import random_history

pytestmark = pytest.mark.timeout(900)

SESSION_SECONDS = 6


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


def test_the_group_is_told_what_is_durable(company: Company) -> None:
    """A courtesy to tools that show lag: the offsets of the latest headers, through names that Faust keeps private."""
    company.start_worker()
    company.send(random_history(6, 40))
    company.settle()
    wait_until(lambda: company.committed() == company.durable(), "offsets of the headers are committed")


def test_foreign_messages_in_the_topics_are_left_behind(company: Company) -> None:
    """Whatever lies between our records: their neighbours are counted, and the worker lives on."""
    worker = company.start_worker()
    company.send(random_history(7, 20))
    company.send_foreign(b"not of this product")
    company.send_foreign(None)
    company.send_foreign(b'{"half": ', [("kind", b"events"), ("count", b"-1"), ("version", b"x")])
    company.send(later(company.sent, random_history(8, 20)))
    company.settle()
    assert company.numbers() == company.expected()
    assert worker.log.read_text().count("left behind") == 3 * 2 * company.partitions
    assert worker.starts == 1


def storm(company: Company, rounds: int) -> None:
    """Each round something happens to the workers while events come in: join, leave, die, freeze past the session."""
    chance = random.Random(rounds)
    done = threading.Event()
    producing = threading.Thread(target=produce, args=(company, done))
    producing.start()
    happened = []
    try:
        for _ in range(rounds):
            running = [worker for worker in company.workers if not worker.stopping]
            what = chance.choice(["join", "leave", "kill", "kill", "freeze"])
            if len(running) < 2 or (what == "join" and len(running) < company.partitions):
                company.start_worker()
            elif what == "leave":
                chance.choice(running).stop()
            elif what == "kill":
                chance.choice(running).send(signal.SIGKILL)
            elif what == "freeze":
                frozen = chance.choice(running)
                frozen.send(signal.SIGSTOP)
                time.sleep(SESSION_SECONDS + 1)
                frozen.send(signal.SIGCONT)
            happened.append(what)
            time.sleep(chance.choice([0.5, 2.0, 5.0]))
    finally:
        done.set()
        producing.join()
    print(f"{len(company.sent)} messages while: {', '.join(happened)}")
    if all(worker.stopping for worker in company.workers):
        company.start_worker()
    company.settle()
    assert company.numbers() == company.expected()


def produce(company: Company, done: threading.Event) -> None:
    """A steady trickle of histories."""
    number = 0
    while not done.is_set():
        number += 1
        company.send(later(company.sent, random_history(5000 + number, 5)))
        time.sleep(0.1)


@pytest.mark.long
def test_workers_that_come_and_go_under_load_count_the_same(company: Company) -> None:
    """Every kind of disturbance at least by chance, no restart by hand."""
    storm(company, 5)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_long_storm_of_rebalances_changes_no_number(company: Company) -> None:
    """The same for many rounds."""
    storm(company, 40)
