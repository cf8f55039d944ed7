"""A sorter over the default workspace, asked about one message at a time, and a log in memory."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from ingest.arrival import arrival_of
from ingest.auth import Grant
from ingest.limits import Limits
from ingest.messages import read_batch
from ingest.sorting import Sorter
from ingest.telemetry import Telemetry
from schemas.definitions import Workspace
from schemas.log import LogUnavailable
from schemas.rows import EventRow, QuarantineRow
from schemas.topics import Record
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

RECEIVED = "2026-11-21T12:00:00.000Z"


class Outcome(NamedTuple):
    """What became of one message."""

    status: str
    rules: list[list[str]]
    messages: list[str]
    row: EventRow | None
    quarantined: QuarantineRow | None

    def column(self, name: str) -> Any:
        value = getattr(self.row, name)
        return json.loads(bytes(value)) if name in ("properties", "context", "traits", "violations") else value


Examine = Callable[..., Outcome]


@pytest.fixture(scope="session")
def default_workspace() -> Workspace:
    return load_workspace(DEFAULT_WORKSPACE)


@pytest.fixture
def examine(default_workspace: Workspace) -> Examine:
    """Sends one message (a mapping, or the text of one) in a batch of its own."""

    def examine(
        sent: Mapping[str, Any] | str,
        *,
        batch: Mapping[str, Any] | None = None,
        mode: str = "open",
        secret: bool = False,
    ) -> Outcome:
        plan = dataclasses.replace(default_workspace.plan, mode=mode)
        sorter = Sorter(dataclasses.replace(default_workspace, plan=plan), 4, "c-1", Limits(), Telemetry())
        text = sent if isinstance(sent, str) else json.dumps(sent)
        rest = "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in (batch or {}).items())
        messages = read_batch(f'{{"batch": [{text}]{rest}}}'.encode(), Limits())
        out = sorter.sort(messages.messages, arrival_of("", messages, unix_ms(RECEIVED)), Grant("web", secret))
        verdicts = list(out.verdicts.values())
        violations = verdicts[0]["violations"] if verdicts else []
        return Outcome(
            verdicts[0]["status"] if verdicts else "stored",
            [[violation["rule"], violation["property"]] for violation in violations],
            [violation["message"] for violation in violations],
            out.stored[0] if out.stored else None,
            out.quarantine[0] if out.quarantine else None,
        )

    return examine


def unix_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


class MemoryLog:
    """An appender that keeps records in memory; can be held, and told to refuse."""

    partitions = 4

    def __init__(self) -> None:
        self.appends: list[list[Record]] = []
        self.marks: list[int | None] = []
        self.refuses = False
        self.gate = threading.Event()
        self.gate.set()

    @property
    def records(self) -> list[Record]:
        return [record for records in self.appends for record in records]

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        self.gate.wait()
        if self.refuses:
            raise LogUnavailable("the disk is full")
        self.appends.append(list(records))
        self.marks.append(low_watermark_ms)
        return list(range(len(records)))

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        if self.refuses:
            raise LogUnavailable("the disk is full")
        self.marks.append(low_watermark_ms)


@pytest.fixture
def memory_log() -> Iterator[MemoryLog]:
    log = MemoryLog()
    yield log
    log.gate.set()
