"""Who asks for the age of the self-watch again and again waits for no query: judging rules must not hang on one.

Does not ask a real warehouse: see tests/integration/stream/test_self_watch_crosses.py.
"""

import threading
from typing import Any, cast

import pytest

from schemas.log import LogReader
from warehouse.client import Warehouse
from warehouse.watch import WatchReport


class SlowWarehouse:
    """Answers at once, and from then on only after a while."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0
        self.release = threading.Event()

    def rows(self, sql: str, parameters: Any) -> list[tuple[int, int]]:
        self.asked += 1
        if self.asked > 1:
            self.release.wait(5.0)
        self.answered += 1
        return [(1_000, 2)]


class Log:
    partitions = 1


def test_a_young_answer_is_told_while_the_next_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is waited for; after that the age goes on from what was known a moment ago."""
    monkeypatch.setattr("warehouse.watch.PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr("warehouse.watch.REMEMBERED_SECONDS", 0.0)
    slow = SlowWarehouse()
    watch = WatchReport(cast(Warehouse, slow), cast(LogReader, Log()), lambda: 500, is_on=True)
    assert watch.seconds(11_000) == 10.0
    assert watch.seconds(12_000) == 11.0
    assert slow.answered == 1
    slow.release.set()
