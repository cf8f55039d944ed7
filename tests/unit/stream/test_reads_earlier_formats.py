"""What earlier versions of the program left behind is read, and goes on to the right numbers.

`recorded/` holds bytes that those versions wrote: summaries, people, hand-offs that were not applied yet.
"""

import json
from base64 import b64decode
from collections import deque
from pathlib import Path

import msgspec
import pytest
from properties import recount
from properties.random_histories import FUNNELS
from properties.stream_harness import PROJECT, SIGNUP, TASK, Message, Stream

from schemas.rows import LinkRow
from stream.core.handoffs import MovedState, decode_handoffs

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))


def continued(recorded: dict) -> Stream:
    """Partitions as a new worker finds them: people and summaries from their checkpoints, the rest in the log."""
    stream = Stream(len(recorded["partitions"]), seed=recorded["seed"])
    for state, stored in zip(stream.partitions, recorded["partitions"], strict=True):
        state.people.load((person_id, b64decode(data)) for person_id, data in stored["people"])
        state.restore(b64decode(stored["summary"]))
    stream.events = [
        deque(
            msgspec.json.decode(b64decode(value), type=LinkRow) if kind == "links" else b64decode(value)
            for kind, value in records
        )
        for records in recorded["events"]
    ]
    stream.handoffs = [deque(b64decode(value) for value in values) for values in recorded["handoffs"]]
    return stream


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_checkpoint_of_an_earlier_version_goes_on_to_the_right_numbers(path: Path) -> None:
    """Upgrading loses nothing: neither people nor counters, nor what was on its way between partitions."""
    for recorded in json.loads(path.read_text())["histories"]:
        history = [Message(**message) for message in recorded["history"]]
        stream = continued(recorded)
        for number, message in enumerate(history[recorded["sent"] :]):
            stream.send(message)
            if number % 6 == 5:
                stream.settle()
                stream.checkpoint()
        stream.settle()
        assert stream.numbers() == recount.numbers(history, FUNNELS, SIGNUP, (PROJECT, TASK)), recorded["seed"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_people_are_of_the_version_that_they_are_named_after(path: Path) -> None:
    """Or the test above would show nothing."""
    recorded = json.loads(path.read_text())
    version = int(path.stem.split("_")[1])
    people = [data for one in recorded["histories"] for state in one["partitions"] for _, data in state["people"]]
    assert {b64decode(data)[0] for data in people} == {0, version}
    handoffs = [
        handoff
        for one in recorded["histories"]
        for values in one["handoffs"]
        for value in values
        for handoff in decode_handoffs(b64decode(value))
    ]
    moved = [handoff for handoff in handoffs if isinstance(handoff, MovedState)]
    assert moved
    assert all(handoff.over_day is None for handoff in moved)
