"""Retention of the embedded log: only what is counted, loaded and old enough goes."""

from pathlib import Path

import pytest

from northstream.pruning import first_kept, prune, read_counted, write_counted
from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, LocalLog


class Clock:
    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def log(tmp_path: Path) -> LocalLog:
    """Partition 0 of `events` holds ten records, appended at 0, 10, … 90 ms."""
    clock = Clock()
    log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, 2, clock=clock)
    for number in range(10):
        clock.now_ms = number * 10
        log.append([Record(Topic.EVENTS, 0, Kind.EVENTS, 1, b"{}\n", collector="c", sequence=number + 1)])
    return log


@pytest.mark.parametrize(
    ("counted", "older_than_ms", "kept"),
    [(10, 1000, 10), (4, 1000, 4), (10, 35, 4), (10, 30, 3), (4, 35, 4), (10, 0, 0), (0, 1000, 0)],
)
def test_both_bounds_hold(log: LocalLog, counted: int, older_than_ms: int, kept: int) -> None:
    """The first offset that is not counted, or that is young enough, whichever comes first."""
    assert first_kept(log, Topic.EVENTS, 0, counted, older_than_ms) == kept


def test_pruning_goes_on_where_it_stopped(log: LocalLog) -> None:
    """Numbers of lines and offsets stay what they were."""
    prune(log, {(Topic.EVENTS, 0): 3, (Topic.EVENTS, 1): 0}, 1000)
    assert log.starts(Topic.EVENTS) == {0: 3, 1: 0}
    prune(log, {(Topic.EVENTS, 0): 8}, 65)
    assert log.starts(Topic.EVENTS)[0] == 7
    prune(log, {(Topic.EVENTS, 0): 8}, 65)
    assert log.starts(Topic.EVENTS)[0] == 7
    assert [stored.lines_before for stored in log.read(Topic.EVENTS, 0, 7)] == [7, 8, 9]


def test_what_the_engine_writes_the_collector_reads(tmp_path: Path) -> None:
    """Nothing may be pruned before the engine has spoken."""
    path = tmp_path / "counted.json"
    assert read_counted(path) == {}
    counted = {(Topic.EVENTS, 0): 5, (Topic.EVENTS, 3): 7, (Topic.QUARANTINE, 0): 1}
    write_counted(path, counted)
    assert read_counted(path) == counted
