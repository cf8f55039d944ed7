"""A real engine for a module of tests, emptied before each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.client import Warehouse
from warehouse.migrate import migrate


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse.embedded(Path(tmp_path_factory.mktemp("metrics")))
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def warehouse(engine: Warehouse) -> Warehouse:
    for table in ("events", "metric_events", "overrides"):
        engine.command(f"TRUNCATE TABLE northstream.{table}")
    return engine
