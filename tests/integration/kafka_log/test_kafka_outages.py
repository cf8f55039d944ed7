"""The log on Kafka while brokers die, freeze and come back: nothing acknowledged is lost, and nobody has to help.

Real brokers of the tests' own, killed by process id.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from brokers.kafka import Kafka, KafkaCluster
from brokers.shared import require_kafka
from integration.kafka_log.place import Place
from integration.kafka_log.sequences import sequences, wait_for

from schemas.log import LogUnavailable
from schemas.topics import Record, Topic


class Appending:
    """A thread that appends one record to each partition, again and again, and remembers what was acknowledged."""

    def __init__(self, log: Any, block: Callable[..., Record]) -> None:
        self._log = log
        self._block = block
        self._is_over = threading.Event()
        self.acknowledged: list[int] = []
        self.refusals = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait_for_more(self, records: int = 20) -> None:
        target = len(self.acknowledged) + records
        wait_for(lambda: len(self.acknowledged) >= target, 120)

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        sequence = 0
        while not self._is_over.is_set():
            sequence += 1
            try:
                self._log.append([self._block(sequence, 0), self._block(sequence, 1)])
            except LogUnavailable:
                self.refusals += 1
                time.sleep(0.05)
            else:
                self.acknowledged.append(sequence)


@pytest.fixture
def appending(own_place: Place, block: Any) -> Iterator[Appending]:
    appending = Appending(own_place.log(), block)
    yield appending
    appending.end()


def check_all_there(appending: Appending, reader: Any) -> None:
    """Every acknowledged record is in both partitions, in order, without gaps in offsets."""
    for partition in (0, 1):
        found = sequences(reader, partition)
        assert set(appending.acknowledged) <= set(found)
        assert found == sorted(found)
        assert len(found) == reader.ends(Topic.EVENTS)[partition].offset


@pytest.mark.long
def test_a_killed_broker_loses_nothing_and_intake_goes_on_by_itself(
    broker: Kafka, own_place: Place, appending: Appending
) -> None:
    """`kill -9` of the broker in the middle of appends, twice; clients that were connected before go on."""
    reader = own_place.reader()
    for _ in range(2):
        appending.wait_for_more()
        broker.kill()
        broker.start()
        appending.wait_for_more()
    appending.end()
    check_all_there(appending, reader)


def test_while_the_broker_is_away_everyone_is_told_so_at_once(broker: Kafka, own_place: Place, block: Any) -> None:
    """The first failure takes its time; then no commit hangs, and a broker that is back is used by itself."""
    log, reader = own_place.log(), own_place.reader()
    log.append([block(1)], low_watermark_ms=1000)
    assert sequences(reader) == [1]
    broker.kill()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(log.append, [block(2)]), threads.submit(reader.ends, Topic.EVENTS)
    for refused in first:
        with pytest.raises(LogUnavailable):
            refused.result()
    # A thousand of the first kind would take hours.
    for _ in range(1000):
        with pytest.raises(LogUnavailable):
            log.append([block(3)])
    with pytest.raises(LogUnavailable):
        reader.ends(Topic.EVENTS)
    with pytest.raises(LogUnavailable):
        reader.low_watermarks()
    with pytest.raises(LogUnavailable):
        reader.read(Topic.EVENTS, 0, 1)
    broker.start()
    wait_for(lambda: log.append([block(4)]))
    assert sequences(reader)[-1] == 4
    assert sequences(reader)[0] == 1


def test_a_log_can_be_made_while_there_is_no_broker(own_place: Place, broker: Kafka, block: Any) -> None:
    """The collector starts, refuses, and takes messages as soon as Kafka does."""
    broker.stop()
    log = own_place.log()
    assert log.partitions == 2
    with pytest.raises(LogUnavailable):
        log.append([block(1)])
    with pytest.raises(LogUnavailable):
        log.advance("c1", 1000)
    broker.start()
    assert wait_for(lambda: log.append([block(2)])) == [0]


@pytest.mark.long
def test_a_frozen_broker_is_given_up_and_used_again_when_it_wakes(own_place: Place, broker: Kafka, block: Any) -> None:
    """Its connections stay open and nothing answers: an append ends with LogUnavailable all the same.

    What it still held when it froze may be in the log afterwards; nobody was told that it would.
    """
    log, reader = own_place.log(), own_place.reader()
    log.append([block(1)])
    assert sequences(reader) == [1]
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LogUnavailable):
            log.append([block(2)])
        with pytest.raises(LogUnavailable):
            reader.ends(Topic.EVENTS)
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    wait_for(lambda: log.append([block(3)]))
    found = sequences(reader)
    assert found[0] == 1
    assert 3 in found
    assert set(found) <= {1, 2, 3}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_partition_changes_its_leader_and_nothing_is_lost(tmp_path: Path, block: Any) -> None:
    """Three brokers, three copies, two in sync asked for: each in turn is killed while appends go on."""
    require_kafka()
    cluster = KafkaCluster(tmp_path, nodes=3)
    cluster.start()
    place = Place(cluster.address, "test.")
    try:
        place.declare(replication=3)
        reader = place.reader()
        appending = Appending(place.log(), block)
        try:
            for node in cluster.nodes:
                appending.wait_for_more()
                node.kill()
                appending.wait_for_more()
                cluster.start()
        finally:
            appending.end()
        wait_for(lambda: reader.ends(Topic.EVENTS))
        check_all_there(appending, reader)
    finally:
        place.close()
        cluster.stop()
