"""A served HTTP face for the tests of this folder.

Does not share an engine with other folders: the server is a process of its own.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.face.face_address import FaceAddress

_SCRIPT = Path(__file__).with_name("serve_face.py")


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceAddress]:
    folder = tmp_path_factory.mktemp("face")
    server = subprocess.Popen([sys.executable, _SCRIPT, folder / "engine"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield FaceAddress(int(server.stdout.readline()))
    finally:
        server.terminate()
        server.wait(20)
