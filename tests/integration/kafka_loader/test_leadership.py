"""Who of several loaders loads, on a real broker: one, and never one that is not certain of it."""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from integration.kafka_loader.topics import Topics
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.abstract import ConsumerProtocolAssignment
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

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

    def wait_for(self, line: str) -> None:
        """A busy machine may take leadership away and give it back on the way."""
        while self.next_line() != line:
            pass

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
    frozen.wait_for("leads")
    frozen.process.send_signal(signal.SIGSTOP)
    other = candidate(0)
    other.wait_for("leads")
    frozen.process.send_signal(signal.SIGCONT)
    assert frozen.next_line() == "stands by after a freeze"
    other.process.terminate()


class _Stingy(StickyPartitionAssignor):
    """Of who was in the group first: gives the partition to nobody, as a client does that knows no partitions yet."""

    rounds: ClassVar[int] = 0

    def assign(self, cluster: Any, members: Any) -> Any:
        type(self).rounds += 1
        return {member.member_id: ConsumerProtocolAssignment(self.version, [], b"") for member in members}


@pytest.mark.long
def test_a_group_that_gives_the_partition_to_nobody_is_joined_anew(
    candidate: Callable[[int], Candidate], topics: Topics
) -> None:
    """Or all would stand by for ever, each waiting for the others."""
    stingy = KafkaConsumer(
        bootstrap_servers=topics.brokers,
        group_id=f"{topics.prefix}loader",
        enable_auto_commit=False,
        partition_assignment_strategy=[_Stingy],
    )
    stingy.subscribe([f"{topics.prefix}collectors"])
    _poll_until(stingy, lambda: _Stingy.rounds == 1)
    standing_by = candidate(0)
    # It has come, has gone and has come again.
    _poll_until(stingy, lambda: _Stingy.rounds >= 4)
    stingy.close()
    assert standing_by.next_line() == "leads"


def _poll_until(consumer: KafkaConsumer, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * _LONG
    while not is_so():
        assert time.monotonic() < deadline
        consumer.poll(timeout_ms=100)


def _committed(admin: KafkaAdminClient, group: str, place: TopicPartition) -> int:
    """What ordinary tools see of the group."""
    return int(admin.list_group_offsets(group)[group][place].offset)
