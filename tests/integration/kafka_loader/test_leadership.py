"""Who of several loaders loads, on a real broker: one, and never one that is not certain of it."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.kafka_loader.topics import Topics
from kafka import KafkaAdminClient, TopicPartition

_CANDIDATE = Path(__file__).with_name("candidate.py")
_LONG = 60


class Candidate:
    """A process that stands for leadership; `says` are its lines in order."""

    def __init__(self, topics: Topics, reached: int) -> None:
        command = [sys.executable, _CANDIDATE, topics.brokers, topics.prefix, str(reached)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def next_line(self) -> str:
        return self._lines.get(timeout=_LONG)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())


@pytest.fixture
def candidate(topics: Topics) -> Iterator[Callable[[int], Candidate]]:
    started: list[Candidate] = []

    def start(reached: int = 0) -> Candidate:
        started.append(Candidate(topics, reached))
        assert started[-1].next_line() == "stands by"
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_one_leads_and_another_takes_over(candidate: Callable[[int], Candidate], topics: Topics) -> None:
    """The one who came first goes on leading; when it is killed the next one does, and tells how far it is."""
    first = candidate(5)
    assert first.next_line() == "leads"
    second = candidate(7)
    with pytest.raises(queue.Empty):
        second._lines.get(timeout=3)
    first.process.kill()
    assert second.next_line() == "leads"

    admin = KafkaAdminClient(bootstrap_servers=topics.brokers)
    place = TopicPartition(f"{topics.prefix}events", 1)
    assert _committed(admin, f"{topics.prefix}loader", place) == 7
    admin.close()


def test_a_leader_that_was_frozen_knows_that_it_is_none(candidate: Callable[[int], Candidate]) -> None:
    """It is not certain from the first moment after its waking, though nobody has told it yet."""
    frozen = candidate(0)
    assert frozen.next_line() == "leads"
    frozen.process.send_signal(signal.SIGSTOP)
    other = candidate(0)
    assert other.next_line() == "leads"
    frozen.process.send_signal(signal.SIGCONT)
    assert frozen.next_line() == "stands by after a freeze"
    other.process.terminate()


def _committed(admin: KafkaAdminClient, group: str, place: TopicPartition) -> int:
    """What ordinary tools see of the group."""
    return int(admin.list_group_offsets(group)[group][place].offset)
