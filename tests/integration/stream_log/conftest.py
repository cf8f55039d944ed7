"""Embedded logs in files of their own, and records for them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, LocalLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def open_log(path: Path) -> Iterator[Callable[..., LocalLog]]:
    """Opens the log at `path` with 2 partitions; closes what was opened before, and everything at the end."""
    opened: list[LocalLog] = []

    def open_again(partitions: int = 2) -> LocalLog:
        while opened:
            opened.pop().close()
        opened.append(LocalLog(path, EVENT_TOPICS, partitions))
        return opened[-1]

    yield open_again
    for log in opened:
        log.close()


@pytest.fixture
def block() -> Any:
    """Makes a record that does not compress: `block(sequence, partition, size)`."""

    def make(sequence: int, partition: int = 0, size: int = 3000) -> Record:
        value = Random(sequence).randbytes(size)
        return Record(Topic.EVENTS, partition, Kind.EVENTS, 1, value, 0, "c1", sequence)

    return make
