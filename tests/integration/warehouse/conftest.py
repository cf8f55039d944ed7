"""A real engine for the tests of the warehouse, emptied before each of them, and real logs to load from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.warehouse.emptying import empty_tables
from integration.warehouse.log_records import RECEIVED_MS

from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

PARTITIONS = 2


@pytest.fixture(scope="module")
def engine_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def engine(engine_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse.embedded(engine_path)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def warehouse(engine: Warehouse) -> Warehouse:
    empty_tables(engine)
    return engine


@pytest.fixture
def store(warehouse: Warehouse) -> PeopleStore:
    return PeopleStore(warehouse)


@pytest.fixture
def events_log(tmp_path: Path) -> Iterator[LocalLog]:
    log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, PARTITIONS, clock=lambda: RECEIVED_MS)
    yield log
    log.close()


@pytest.fixture
def handoffs_log(tmp_path: Path) -> Iterator[LocalLog]:
    log = LocalLog(tmp_path / "handoffs.db", HANDOFF_TOPICS, PARTITIONS, clock=lambda: RECEIVED_MS)
    yield log
    log.close()
