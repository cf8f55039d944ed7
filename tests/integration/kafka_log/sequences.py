"""Reading back what tests have appended."""

import time
from collections.abc import Callable
from typing import Any

from schemas.log import LogUnavailable
from schemas.topics import Topic


def sequences(reader: Any, partition: int = 0) -> list[int]:
    """The sequence numbers of all records of a partition of `events`."""
    found: list[int] = []
    offset = 0
    while records := reader.read(Topic.EVENTS, partition, offset):
        found += [stored.record.sequence for stored in records]
        offset = records[-1].offset + 1
    return found


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer; LogUnavailable counts as none."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answer := what():
                return answer
        except LogUnavailable:
            pass
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
