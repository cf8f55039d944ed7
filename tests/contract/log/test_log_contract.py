"""What every log keeps (schemas.log), whatever carries it.

Parametrised over drivers by the fixture `driver`; nothing here knows which one it has.
"""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from schemas.topics import Kind, LogEnd, Topic


def values(reader: Any, partition: int = 0, topic: Topic = Topic.EVENTS) -> list[bytes]:
    """Every record of a partition, read in small steps."""
    found: list[bytes] = []
    offset = 0
    while records := reader.read(topic, partition, offset, max_records=3):
        found += [stored.record.value for stored in records]
        offset = records[-1].offset + 1
    return found


def test_an_empty_log_has_its_partitions_and_nothing_in_them(driver: Any) -> None:
    """A reader of a new log sees every partition, at 0, and no records."""
    driver.appender()
    reader = driver.reader()
    assert reader.partitions == 4
    assert reader.starts(Topic.EVENTS) == dict.fromkeys(range(4), 0)
    assert reader.ends(Topic.EVENTS) == dict.fromkeys(range(4), LogEnd(0, 0))
    assert reader.read(Topic.EVENTS, 0, 0) == []
    assert reader.lines_before(Topic.EVENTS, 0, 0) == 0
    assert reader.first_appended_ms(Topic.EVENTS, 0, 0) is None
    assert reader.low_watermarks() == {}


def test_a_record_comes_back_as_it_was_appended(driver: Any, block: Any) -> None:
    """Every field survives, and the log adds offset, time of append and lines before."""
    record = replace(block(7, partition=2, count=3), flagged=2, collector="c-é", version=1)
    assert driver.appender().append([record]) == [0]
    stored = driver.reader().read(Topic.EVENTS, 2, 0)[0]
    assert stored.record == record
    assert (stored.offset, stored.lines_before) == (0, 0)
    assert stored.appended_ms > 0


def test_records_of_a_partition_keep_their_order(driver: Any, block: Any) -> None:
    """Offsets grow by append, within one call and over several; partitions do not disturb each other."""
    log, reader = driver.appender(), driver.reader()
    assert log.append([block(1, 0), block(2, 1), block(3, 0)]) == [0, 0, 1]
    assert log.append([block(4, 0), block(5, 3)]) == [2, 0]
    assert values(reader) == [block(n).value for n in (1, 3, 4)]
    assert values(reader, 1) == [block(2).value]
    assert values(reader, 2) == []


def test_topics_are_apart(driver: Any, block: Any) -> None:
    """Quarantined records have offsets of their own."""
    log, reader = driver.appender(), driver.reader()
    log.append([block(1), block(2, topic=Topic.QUARANTINE)])
    assert values(reader, topic=Topic.QUARANTINE) == [block(2).value]
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(1, 2)


def test_ends_and_lines_count_every_line_appended(driver: Any, block: Any) -> None:
    """A lag in events is a subtraction of lines, at every offset up to the end."""
    log, reader = driver.appender(), driver.reader()
    log.append([block(1, count=2), block(2, count=5)])
    log.append([block(3, count=1)])
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(3, 8)
    assert reader.end_offsets(Topic.EVENTS) == {0: 3, 1: 0, 2: 0, 3: 0}
    assert [reader.lines_before(Topic.EVENTS, 0, offset) for offset in range(4)] == [0, 2, 7, 8]
    assert [stored.lines_before for stored in reader.read(Topic.EVENTS, 0, 0)] == [0, 2, 7]


def test_the_time_of_append_is_known_for_each_record_but_not_for_the_end(driver: Any, block: Any) -> None:
    """Completeness asks when the first record not yet read was appended."""
    log, reader = driver.appender(), driver.reader()
    log.append([block(1), block(2)])
    stored = reader.read(Topic.EVENTS, 0, 0)
    assert reader.first_appended_ms(Topic.EVENTS, 0, 1) == stored[1].appended_ms
    assert reader.first_appended_ms(Topic.EVENTS, 0, 2) is None


def test_reading_gives_no_more_than_asked(driver: Any, block: Any) -> None:
    """A reader bounds what it holds in memory."""
    driver.appender().append([block(n) for n in range(1, 11)])
    assert len(driver.reader().read(Topic.EVENTS, 0, 2, max_records=4)) == 4


def test_an_empty_append_changes_nothing(driver: Any) -> None:
    """A committing thread may find nothing to do."""
    assert driver.appender().append([]) == []
    assert driver.reader().ends(Topic.EVENTS)[0] == LogEnd(0, 0)


def test_a_record_for_no_partition_takes_the_whole_append_with_it(driver: Any, block: Any) -> None:
    """Neighbours of a record that can never be stored are not stored, and their offsets are free again."""
    log, reader = driver.appender(), driver.reader()
    log.append([block(1)])
    with pytest.raises(KeyError):
        log.append([block(2), block(3, partition=99)])
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(1, 2)
    assert log.append([block(4)]) == [1]
    assert values(reader) == [block(1).value, block(4).value]


def test_low_watermarks_travel_with_appends_and_alone(driver: Any, block: Any, marked: Any) -> None:
    """A collector says with each append, and now and then while idle, what it will not append any more."""
    log, reader = driver.appender(), driver.reader()
    log.append([block(1)], low_watermark_ms=1000)
    marked(reader, {"c1": 1000})
    log.advance("c1", 2000)
    assert reader.low_watermarks() == {"c1": 2000}
    log.append([block(2)])
    assert reader.low_watermarks() == {"c1": 2000}


def test_a_new_collector_replaces_its_dead_predecessor(driver: Any, processes: Any, block: Any, marked: Any) -> None:
    """A collector that was killed must not hold completeness back for ever; until it starts anew its word stands."""
    child = processes.start("append")
    next(child.stdout)
    reader = driver.reader()
    while "child" not in reader.low_watermarks():
        next(child.stdout)
    child.kill()
    child.wait()
    log = driver.appender()
    assert list(reader.low_watermarks()) == ["child"]
    log.append([block(1, collector="c2")], low_watermark_ms=5000)
    marked(reader, {"c2": 5000})


def test_a_reopened_log_goes_on_where_it_ended(driver: Any, block: Any) -> None:
    """Offsets and lines continue over restarts."""
    driver.appender().append([block(1), block(2)])
    driver.close()
    assert driver.appender().append([block(3)]) == [2]
    reader = driver.reader()
    assert values(reader) == [block(n).value for n in (1, 2, 3)]
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(3, 6)


@pytest.mark.parametrize("acknowledged", [1, 40, 160])
def test_what_was_acknowledged_survives_kill_9(driver: Any, processes: Any, acknowledged: int) -> None:
    """A writer killed in the middle of appends leaves every acknowledged one, in order, and of the last one any part.

    Its low watermark never runs ahead of what is stored.
    """
    child = processes.start("append")
    groups = [int(line) for line in itertools.islice(child.stdout, acknowledged)]
    child.kill()
    groups += [int(line) for line in child.stdout]
    driver.appender()
    reader = driver.reader()
    watermark = reader.low_watermarks().get("child", 0)
    stored = [values(reader, partition) for partition in range(4)]
    for records in stored:
        assert len(groups) <= len(records) <= len(groups) + 1
        assert records == [b"%d" % group * 2000 for group in range(len(records))]
    assert watermark < min(len(records) for records in stored)


def test_a_reader_in_another_process_follows_while_records_are_appended(
    driver: Any, processes: Any, block: Any
) -> None:
    """It sees every record once, in order, as the writer goes on."""
    log = driver.appender()
    log.append([block(0)])
    child = processes.start("follow")
    seen = [next(child.stdout)]
    for sequence in range(1, 60):
        log.append([block(sequence)])
    seen += list(itertools.islice(child.stdout, 59))
    assert seen == [f"{n} {n}\n" for n in range(60)]


def test_records_of_the_self_watch_have_no_lines_and_are_known(driver: Any, block: Any) -> None:
    """They come back as they were and add nothing to the lines; one can tell that nothing else lies there."""
    log, reader = driver.appender(), driver.reader()
    watched = [
        replace(block(n, count=0), kind=Kind.LINKS, value=b"", flagged=0, watched_ms=1_795_262_400_000 + n)
        for n in (2, 3)
    ]
    log.append([block(1, count=5), *watched])
    assert [stored.record for stored in reader.read(Topic.EVENTS, 0, 0)[1:]] == watched
    assert reader.ends(Topic.EVENTS)[0] == LogEnd(3, 5)
    assert [reader.lines_before(Topic.EVENTS, 0, offset) for offset in (1, 2, 3)] == [5, 5, 5]
    found = {
        (first, end): reader.has_only_watch(Topic.EVENTS, 0, first, end) for first in range(3) for end in (1, 2, 3)
    }
    assert {place for place, is_watch in found.items() if is_watch and place[0] < place[1]} == {(1, 2), (1, 3), (2, 3)}
    log.append([block(4, count=1)])
    assert not reader.has_only_watch(Topic.EVENTS, 0, 1, 4)
