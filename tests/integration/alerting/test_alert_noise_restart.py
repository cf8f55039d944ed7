"""Many incidents for two receivers while the alerter is killed again and again: nobody hears anything twice or half.

Does not look into the decisions: see tests/properties/test_alert_noise.py.
"""

import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "noisy_alerter_process.py"
METRICS = tuple(f"metric{number}" for number in range(6))


@contextmanager
def process(folder: Path, *urls: str) -> Iterator[None]:
    """An alerter process, killed without warning at the end."""
    started = subprocess.Popen([sys.executable, str(SCRIPT), str(folder), *urls])
    try:
        yield
    finally:
        started.kill()
        started.wait()


def heard(receiver: Any) -> dict[tuple[str, str], set[str]]:
    """By incident and kind, the ids of the messages that told of it; a copy of a message has the same id."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arrival in list(receiver.arrivals):
        message = json.loads(arrival.body)
        alone = [{"type": message["type"], **message["data"]}]
        for each in message["data"]["alerts"] if message["type"] == "alert.group" else alone:
            told[each["alert_id"], each["type"]].add(arrival.headers["webhook-id"])
    return told


def open_count(receiver: Any) -> int:
    """Incidents of whose start it has heard, and not of their end; an end without a start breaks it."""
    told = heard(receiver)
    starts = {incident for incident, kind in told if kind == "alert.firing"}
    ends = {incident for incident, kind in told if kind == "alert.resolved"}
    assert ends <= starts
    return len(starts - ends)


def write(folder: Path, value: str) -> None:
    for name in METRICS:
        (folder / name).write_text(value)


@pytest.mark.long
def test_each_start_and_each_end_has_one_id_per_receiver_through_kills(
    answering: Any, until: Callable[..., None], tmp_path: Path
) -> None:
    """Values turn while the process is killed at random moments; what started has ended for both when all is calm."""
    chance = random.Random(7)
    ops, team = answering(), answering((200, {}), (500, {}), (200, {}))
    write(tmp_path, "3")
    for _ in range(3):
        with process(tmp_path, ops.url, team.url):
            before = len(ops.arrivals)
            for _ in range(8):
                (tmp_path / chance.choice(METRICS)).write_text(chance.choice(("3", "30")))
                time.sleep(chance.uniform(0.0, 0.2))
            until(lambda before=before: len(ops.arrivals) > before)
            time.sleep(chance.uniform(0.0, 0.4))
    with process(tmp_path, ops.url, team.url):
        write(tmp_path, "30")
        until(lambda: open_count(ops) == open_count(team) == len(METRICS))
        write(tmp_path, "3")
        until(lambda: open_count(ops) == open_count(team) == 0)
    for receiver in (ops, team):
        assert {len(ids) for ids in heard(receiver).values()} == {1}
    assert any("msg_group_" in arrival.headers["webhook-id"] for arrival in team.arrivals)
