"""The same warehouse code against a server: ClickHouse's HTTP interface, served by a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integration.warehouse.log_records import RECEIVED_MS, event, events, links, unreadable
from integration.warehouse.published import OWNER, header, person, publish

from schemas.calendar import day_date
from schemas.checkpoints import Segment
from stream.log.local import LocalLog
from warehouse.client import DATABASE, Warehouse, WarehouseUnavailable
from warehouse.guarantees import check_guarantees
from warehouse.lease import Lease, Pace
from warehouse.ledger import Ledger
from warehouse.loader import Loader
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports
from warehouse.users import Login, Prepared, prepare_server

_SCRIPT = Path(__file__).parents[1] / "face" / "serve_face.py"
_USER, _PASSWORD = "northstream_writer", "face-writer-password"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """In a time zone of its own, which must not matter to anybody."""
    command = [sys.executable, _SCRIPT, tmp_path / "engine"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TZ": "Pacific/Auckland"})
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
    check_guarantees(warehouse)
    # The face has its two users by itself, and says so when it is asked.
    assert prepare_server(warehouse, Login("northstream_reader")) is Prepared.OWN_USERS

    lease = Lease(warehouse, "alerters", "one", Pace(look=0.0, confirm=0.0, renew=0.0, expire=60.0))
    said = []
    for expected in (False, True, True):
        assert lease() is expected
        said += warehouse.rows(f"SELECT max(at) FROM {DATABASE}.alerters")
    assert said == sorted(set(said))  # the same words again are no copy

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
    found = reader.rows(f"SELECT message_id, toString(received_at), timezone() FROM {DATABASE}.events_resolved")
    assert found == [("m1", "2026-01-01 00:00:00.000", "Pacific/Auckland")]
    assert reader.rows(f"SELECT received_at FROM {DATABASE}.events_resolved")[0][0].timestamp() == RECEIVED_MS / 1000
    states = reader.rows(f"SELECT partition, state, to_offset FROM {DATABASE}.loads ORDER BY ALL")
    assert (0, "done", 2) in states
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
