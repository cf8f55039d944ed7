"""A collector that cannot append any more ends, so that its supervisor starts it anew."""

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from northstream.lifetime import Lifetime, live
from northstream.roles.collector import create_collector
from northstream.serving import serve
from northstream.settings import Settings
from schemas.topics import Record
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace


class BreakingLog:
    """Takes a first low watermark, then meets an error that nobody has foreseen."""

    partitions = 1

    def __init__(self) -> None:
        self.marks = 0

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        raise AssertionError("nobody sends")

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        self.marks += 1
        if self.marks > 1:
            raise RuntimeError("unforeseen")

    def close(self) -> None:
        """Nothing is held."""


def test_an_unforeseen_error_of_the_log_ends_the_process(tmp_path: Path) -> None:
    """It would refuse everything for ever: only a new start can help."""
    settings = Settings(data_dir=tmp_path, write_key="wk", secret_key="sk")
    listening = socket.create_server(("127.0.0.1", 0))

    async def collect(lifetime: Lifetime) -> None:
        app = create_collector(settings, load_workspace(DEFAULT_WORKSPACE), BreakingLog(), lifetime.fail)
        await serve(app, listening, lifetime, 1)

    with pytest.raises(RuntimeError, match="unforeseen"):
        live(collect)
