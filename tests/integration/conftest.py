"""A real engine behind the HTTP face in a process of its own, and a network between that fails on demand."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers.faulty_proxy import FaultyProxy

_FACE = Path(__file__).parent / "face" / "serve_face.py"


@pytest.fixture(scope="module")
def face_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the engine is reached past every fault."""
    folder = tmp_path_factory.mktemp("warehouse")
    process = subprocess.Popen([sys.executable, _FACE, folder / "engine"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def proxy(face_port: int) -> Iterator[FaultyProxy]:
    """Between the product and its warehouse; passes everything on until a test says otherwise."""
    with FaultyProxy("127.0.0.1", face_port) as proxy:
        yield proxy
