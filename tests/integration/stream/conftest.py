"""A product's logs and engine in one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.stream.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()
