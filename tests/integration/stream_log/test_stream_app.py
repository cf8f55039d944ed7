"""The Faust app on the embedded transport: real processes, one appending, one applying.

Only the worker is a stand-in: it prints the records that it is given (`recording_engine.py`).
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from stream.log.wakeup import WakeSender

PARTITIONS = 2
_ENGINE = Path(__file__).with_name("recording_engine.py")


class Engine:
    """The engine process; reading from it waits until it has something to say."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        arguments = json.dumps({"folder": str(folder), "starts": [], **settings})
        self.process = subprocess.Popen([sys.executable, str(_ENGINE), arguments], stdout=subprocess.PIPE, text=True)
        self.said: list[dict[str, Any]] = []

    def records(self, count: int) -> list[dict[str, Any]]:
        """The next records applied."""
        found = []
        while len(found) < count:
            found += [said for said in [self._next()] if "offset" in said]
        return found

    def stop(self) -> list[dict[str, Any]]:
        """End it by SIGTERM; what it still said."""
        self.process.send_signal(signal.SIGTERM)
        return self.rest()

    def rest(self) -> list[dict[str, Any]]:
        assert self.process.stdout
        return [json.loads(line) for line in self.process.stdout]

    def _next(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the engine ended with {self.process.wait()}"
        said: dict[str, Any] = json.loads(line)
        self.said.append(said)
        return said


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Any]:
    started: list[Engine] = []

    def start(**settings: Any) -> Engine:
        started.append(Engine(tmp_path, **settings))
        return started[-1]

    yield start
    for engine in started:
        engine.process.kill()
        engine.process.wait()
        if engine.process.stdout:
            engine.process.stdout.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    sender = WakeSender(tmp_path / "wake.sock")
    log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, PARTITIONS, on_append=sender)
    yield log
    log.close()
    sender.close()


def event_block(sequence: int, partition: int = 0) -> Record:
    value = b'{"n":%d}\n' % sequence * 2
    return Record(Topic.EVENTS, partition, Kind.LINKS, 2, value, 1, "c-1", sequence)


def sequences(records: list[dict[str, Any]], partition: int = 0, topic: str = "events") -> list[int]:
    return [one["sequence"] for one in records if (one["partition"], one["topic"]) == (partition, topic)]


def test_records_reach_the_worker_whole_and_in_order(log: LocalLog, start_engine: Any) -> None:
    """Value, kind, counts and place are those of the append; each partition keeps its order."""
    log.append([event_block(n, n % 2) for n in range(20)])
    engine = start_engine()
    records = engine.records(20)
    assert engine.said[:2] == [{"revoked": []}, {"took": [0, 1], "generation": 1}]
    assert sequences(records, 0) == list(range(0, 20, 2))
    assert sequences(records, 1) == list(range(1, 20, 2))
    assert next(one for one in records if one["sequence"] == 5) == {
        "topic": "events",
        "partition": 1,
        "offset": 2,
        "sequence": 5,
        "kind": "links",
        "count": 2,
        "flagged": 1,
        "collector": "c-1",
        "value": '{"n":5}\n{"n":5}\n',
        "lines_before": 4,
    }


def test_an_append_wakes_the_worker_without_polling(log: LocalLog, start_engine: Any) -> None:
    """With the fallback look an hour away, records appended one by one still arrive."""
    log.append([event_block(0)])
    engine = start_engine(polls=False)
    assert sequences(engine.records(1)) == [0]
    for sequence in range(1, 30):
        log.append([event_block(sequence)])
        assert sequences(engine.records(1)) == [sequence]


def test_a_restart_begins_exactly_at_the_workers_positions(log: LocalLog, start_engine: Any, tmp_path: Path) -> None:
    """Neither a record before nor a gap behind them; a topic that the worker does not name starts at its beginning."""
    handoffs = LocalLog(tmp_path / "handoffs.db", HANDOFF_TOPICS, PARTITIONS)
    handoffs.append([Record(Topic.HANDOFFS, 1, Kind.HANDOFFS, 1, b"x", 0, "w", n) for n in range(3)])
    handoffs.close()
    log.append([event_block(n, n % 2) for n in range(20)])
    engine = start_engine(starts=[["events", 0, 7], ["events", 1, 0], ["handoffs", 1, 1]])
    records = engine.records(3 + 10 + 2)
    assert sequences(records, 0) == [14, 16, 18]
    assert sequences(records, 1) == list(range(1, 20, 2))
    assert sequences(records, 1, "handoffs") == [1, 2]
    assert engine.stop()[-1]["stopped"]
    log.append([event_block(20)])
    again = start_engine(starts=[["events", 0, 10], ["events", 1, 10], ["handoffs", 1, 3]])
    assert sequences(again.records(1)) == [20]


def test_sigterm_ends_the_app_cleanly(log: LocalLog, start_engine: Any) -> None:
    """The process leaves with 0 after its own last words: nothing in Faust ends it for us."""
    log.append([event_block(0)])
    engine = start_engine()
    engine.records(1)
    assert engine.stop() == [{"stopped": True, "applied": 1}]
    assert engine.process.wait() == 0


def test_an_unknown_error_ends_the_process(log: LocalLog, start_engine: Any) -> None:
    """What the worker cannot apply is not passed over: exit code 1, and the next start begins at the checkpoint."""
    log.append([event_block(0), event_block(1), event_block(2)])
    engine = start_engine(fail_on=1)
    assert sequences(engine.records(1)) == [0]
    assert engine.rest() == []
    assert engine.process.wait() == 1


def test_a_log_that_ends_before_our_position_is_refused(log: LocalLog, start_engine: Any) -> None:
    """New records would get offsets that look as if they had been read."""
    log.append([event_block(0)])
    engine = start_engine(starts=[["events", 0, 5]])
    assert [said for said in engine.rest() if "offset" in said] == []
    assert engine.process.wait() == 1
