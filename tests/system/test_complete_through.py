"""`complete_through` is never ahead of the truth (contracts §3, §4): all received before it is loaded and counted.

Each device is a new person who signs up, so that signups, which never fall, tell how many messages are counted.
"""

import contextlib
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from itertools import dropwhile
from pathlib import Path
from random import Random

import pytest
from system.company import iso
from system.counting import stored_events
from system.faces import wait_until
from system.running import NorthStream, send_signal
from system.sending import Message, Sender, running_senders, stop_all
from system.verifying import seed

SENDERS = 3
PAUSE_SECONDS = 0.05
RESTARTS = 1
SIGNUP = "Account Created"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was to be seen at one time: the promise first, then what there was. Times in Unix ms."""

    complete_through_ms: int
    lag_events: int
    loaded: int
    counted: int


class Newcomers:
    """A device is linked to a user of another partition; then it signs up, which has to be handed on to the user."""

    def __init__(self, number: int) -> None:
        self._random = Random(number)
        self._name = number
        self._number = 0

    def compose(self, kept: Mapping[str, str]) -> list[Message]:
        return [message for _ in range(self._random.randint(1, 8)) for message in self._newcomer()]

    def _newcomer(self) -> list[Message]:
        self._number += 1
        name = f"{self._name}-{self._number}"
        message = {"anonymousId": f"device-{name}", "timestamp": iso(time.time())}
        return [
            message | {"type": "identify", "messageId": f"login-{name}", "userId": f"user-{name}"},
            message | {"type": "track", "messageId": f"signup-{name}", "event": SIGNUP},
        ]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_complete_through_is_never_ahead_of_what_is_loaded_and_counted(tmp_path: Path) -> None:
    """Whatever was received up to a `complete_through` was loaded and counted when it was said, hand-offs included."""
    first_seed = seed()
    with (
        NorthStream(tmp_path) as running,
        running_senders(
            [
                Sender(running.port, running.write_key, Newcomers(number).compose, number, PAUSE_SECONDS)
                for number in range(first_seed, first_seed + SENDERS)
            ]
        ) as senders,
    ):
        samples: list[Sample] = []
        collect(running, samples, 8)
        hold_back(running, samples)
        for _ in range(RESTARTS):
            running.kill("engine")
            collect(running, samples, 4)
            collect_until_it_moves(running, samples)
        stop_all(senders)
        running.settle()
        through_ms = max(sample.complete_through_ms for sample in samples)
        wait_until(lambda: take(running).complete_through_ms > through_ms, "complete_through advances while idle")
        samples.append(take(running))
        check(running, samples)


def hold_back(running: NorthStream, samples: list[Sample]) -> None:
    """Freeze and wake the engine several times, so that it wakes in the middle of whatever it was doing."""
    engine = running.child("engine")
    for seconds in (0.3, 0.9, 1.7):
        send_signal(engine, signal.SIGSTOP)
        time.sleep(seconds)
        send_signal(engine, signal.SIGCONT)
        collect(running, samples, 3)


def collect(running: NorthStream, samples: list[Sample], count: int) -> None:
    """Take samples, as many as asked for; the engine need not answer at every time."""
    wanted = len(samples) + count

    def sample() -> bool:
        with contextlib.suppress(OSError, HTTPException):
            samples.append(take(running))
        return len(samples) >= wanted

    wait_until(sample, f"{count} samples")


def collect_until_it_moves(running: NorthStream, samples: list[Sample]) -> None:
    """Take samples until the promise is later than any before."""
    through_ms = max(sample.complete_through_ms for sample in samples)

    def moves() -> bool:
        collect(running, samples, 1)
        return samples[-1].complete_through_ms > through_ms

    wait_until(moves, "complete_through moves on")


def take(running: NorthStream) -> Sample:
    """The promise, and right after it what is there."""
    quality = running.get("/api/quality")
    loaded, counted = running.sql(
        f"SELECT (SELECT count() FROM northstream.events_resolved WHERE event = '{SIGNUP}'),"
        " (SELECT sum(signups) FROM northstream.activation)"
    )[0]
    through = quality["complete_through"]
    through_ms = int(datetime.fromisoformat(through).timestamp() * 1000) if through else 0
    return Sample(through_ms, quality["lag_events"], int(loaded), int(counted))


def check(running: NorthStream, samples: list[Sample]) -> None:
    received = sorted(event.received_ms for event in stored_events(running) if event.event == SIGNUP)
    promised = list(dropwhile(lambda sample: not sample.complete_through_ms, samples))
    ahead = [
        f"{sample}: {before} were received before"
        for sample in promised
        if (before := sum(at_ms < sample.complete_through_ms for at_ms in received))
        > min(sample.loaded, sample.counted)
    ]
    behind = sum(sample.lag_events > 0 for sample in samples)
    print(f"{len(received)} signups, {len(samples)} samples: {len(promised)} promised something, {behind} lagged")
    assert not ahead
    assert len({sample.complete_through_ms for sample in promised}) > 3, "complete_through hardly moved under load"
    assert [sample.complete_through_ms for sample in promised] == sorted(
        sample.complete_through_ms for sample in promised
    ), "complete_through went back"
    assert behind, "the engine never lagged: nothing was shown"
    assert samples[-1].counted == samples[-1].loaded == len(received)
