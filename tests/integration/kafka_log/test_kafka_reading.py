"""Reading a partition of some size from a real broker: in order, again, in threads, and behind what was removed."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from integration.kafka_log.place import Place
from integration.kafka_log.sequences import sequences
from kafka import KafkaAdminClient, TopicPartition

from schemas.topics import MAX_BLOCK_BYTES, Kind, Record, Topic

RECORDS = 700


@pytest.fixture
def filled(place: Place, block: Any) -> Place:
    """Partition 0 holds more records than a question about lines counts at once, of 1 to 5 lines each."""
    log = place.log()
    for first in range(0, RECORDS, 50):
        log.append([block(n, count=1 + n % 5) for n in range(first, first + 50)])
    return place


def lines_between(first: int, end: int) -> int:
    return sum(1 + n % 5 for n in range(first, end))


def test_a_partition_is_read_in_order_and_again_from_anywhere(filled: Place) -> None:
    """As a loader does that takes less than it read, or repeats a range that was planned before it died."""
    reader = filled.reader()
    assert sequences(reader) == list(range(RECORDS))
    random = Random(5)
    for offset in [0, RECORDS - 1, *(random.randrange(RECORDS) for _ in range(20))]:
        wanted = random.randrange(1, 100)
        found = reader.read(Topic.EVENTS, 0, offset, wanted)
        assert 1 <= len(found) <= wanted
        assert [stored.offset for stored in found] == list(range(offset, offset + len(found)))
        assert [stored.record.sequence for stored in found] == [stored.offset for stored in found]
    assert reader.read(Topic.EVENTS, 0, RECORDS) == []
    assert reader.read(Topic.EVENTS, 0, RECORDS + 10) == []


def test_threads_read_at_the_same_time_without_disturbing_each_other(filled: Place) -> None:
    """Slower than each with a reader of its own, but right."""
    reader = filled.reader()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: sequences(reader), range(4)))
        ends = list(threads.map(lambda _: reader.ends(Topic.EVENTS)[0].offset, range(8)))
    assert found == [list(range(RECORDS))] * 4
    assert ends == [RECORDS] * 8


def test_lines_near_the_end_are_exact_however_long_the_log_is(filled: Place) -> None:
    """A reader that has read nothing says exactly by how much a position is behind; far away, about."""
    reader = filled.reader()
    end = reader.ends(Topic.EVENTS)[0]
    assert end.offset == RECORDS
    for offset in (RECORDS, RECORDS - 1, RECORDS - 30, RECORDS - 128):
        assert end.lines - reader.lines_before(Topic.EVENTS, 0, offset) == lines_between(offset, RECORDS)
    for one in (reader, filled.reader()):
        lag = one.ends(Topic.EVENTS)[0].lines - one.lines_before(Topic.EVENTS, 0, 0)
        assert lag == pytest.approx(lines_between(0, RECORDS), rel=0.2)


def test_lines_keep_their_measure_while_the_log_grows_by_more_than_is_counted(filled: Place, block: Any) -> None:
    """A lag is never taken for none, and is exact again near the end."""
    reader = filled.reader()
    before = reader.ends(Topic.EVENTS)[0]
    log = filled.log()
    for first in range(RECORDS, 2 * RECORDS, 50):
        log.append([block(n, count=1 + n % 5) for n in range(first, first + 50)])
    after = reader.ends(Topic.EVENTS)[0]
    assert after.offset == 2 * RECORDS
    assert after.lines > before.lines
    lag = after.lines - reader.lines_before(Topic.EVENTS, 0, 2 * RECORDS - 100)
    assert lag == lines_between(2 * RECORDS - 100, 2 * RECORDS)


def test_removed_records_are_gone_and_what_follows_is_read(filled: Place) -> None:
    """Below the first retained offset a reader gets LookupError; everything else goes on."""
    reader, fresh = filled.reader(), filled.reader()
    assert reader.read(Topic.EVENTS, 0, 0)
    admin = KafkaAdminClient(bootstrap_servers=filled.brokers)
    admin.delete_records({TopicPartition(filled.prefix + "events", 0): 600})
    admin.close()
    assert reader.starts(Topic.EVENTS) == {0: 600, 1: 0}
    for behind in (599, 0):
        with pytest.raises(LookupError):
            fresh.read(Topic.EVENTS, 0, behind)
    assert fresh.read(Topic.EVENTS, 0, 600)[0].record.sequence == 600
    end = fresh.ends(Topic.EVENTS)[0]
    assert end.offset == RECORDS
    assert end.lines - fresh.lines_before(Topic.EVENTS, 0, 650) == lines_between(650, RECORDS)
    assert end.lines > fresh.lines_before(Topic.EVENTS, 0, 10)


def test_large_records_pass_in_both_directions(place: Place) -> None:
    """A block that does not compress, and a line far larger than a block, as a very busy person's state may be."""
    log, reader = place.log(), place.reader()
    sizes = [MAX_BLOCK_BYTES, 3 * 1024 * 1024, 10, 6 * 1024 * 1024]
    records = [
        Record(Topic.HANDOFFS, 1, Kind.HANDOFFS, 1, Random(n).randbytes(size), 0, "w", n)
        for n, size in enumerate(sizes)
    ]
    log.append(records)
    found: list[Any] = []
    while len(found) < len(records):
        found += reader.read(Topic.HANDOFFS, 1, len(found))
    assert [stored.record for stored in found] == records
