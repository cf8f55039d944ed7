"""The same warehouse code against a server: ClickHouse's HTTP interface, served by a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integration.warehouse.log_records import event, events, links, unreadable
from integration.warehouse.published import OWNER, header, person, publish

from schemas.calendar import day_date
from schemas.checkpoints import Segment
from stream.log.local import LocalLog
from warehouse.client import DATABASE, Warehouse, WarehouseUnavailable
from warehouse.ledger import Ledger
from warehouse.loader import Loader
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports

_SCRIPT = Path(__file__).parents[1] / "face" / "serve_face.py"
_USER, _PASSWORD = "northstream_writer", "face-writer-password"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([sys.executable, _SCRIPT, tmp_path / "engine"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(20)


def test_a_server_is_used_as_the_embedded_engine_is(
    server: tuple[subprocess.Popen[str], str], events_log: LocalLog, handoffs_log: LocalLog
) -> None:
    """Migrations, checkpoints, loads and reports take one path; an outage is something to wait for."""
    process, url = server
    warehouse = Warehouse.server(url, _USER, _PASSWORD)
    assert migrate(warehouse) != []
    assert migrate(warehouse) == []

    store = PeopleStore(warehouse)
    state = bytes(range(256))
    store.write_people([person("u:1", state=state)])
    store.write_headers([header(0, OWNER, 1)])
    assert list(store.load_people(0, (Segment(*OWNER, 1),))) == [("u:1", state)]
    assert store.latest_headers([0]) == {0: header(0, OWNER, 1)}

    events_log.append([events(0, event("m1"), event("m1")), unreadable(0, b"not json"), links(1, ("d", "u"))])
    Loader(events_log, warehouse).load_once()
    assert Ledger(warehouse).read().done != {}
    reports = WarehouseReports(warehouse, events_log, handoffs_log)
    publish(store, {"dau": {day_date(20_000): 3}})
    assert reports.daily(["dau"], day_date(20_000), day_date(20_000)) == {"dau": {day_date(20_000): 3}}
    assert (reports.quality().accepted, reports.quality().duplicates) == (3, 1)

    reader = Warehouse.server(url)
    assert reader.rows(f"SELECT message_id FROM {DATABASE}.events_resolved") == [("m1",)]
    with pytest.raises(DatabaseError):
        reader.command(f"TRUNCATE TABLE {DATABASE}.events")

    process.terminate()
    process.wait(20)
    with pytest.raises(WarehouseUnavailable):
        store.write_people([person("u:2")])
    with pytest.raises(WarehouseUnavailable):
        reports.completeness()
    warehouse.close()
    reader.close()
