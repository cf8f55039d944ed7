"""A file `alerts.db` of the first release is read: nothing that was owed, told or queued is lost.

Does not run an alerter.
"""

import json
import sqlite3
from pathlib import Path

import pytest

from alerting.editions import FIRST
from alerting.notices import News
from alerting.store import AlertStore
from alerting.teller import Teller

DEFINITION = {
    "alert": "SignupsHigh",
    "group": "product",
    "metric": "signups",
    "bucket": "running",
    "operator": ">",
    "threshold": 20.0,
    "receiver": "ops",
    "owner": "growth",
    "for_seconds": 0.0,
    "keep_firing_for_seconds": 0.0,
    "interval_seconds": 1.0,
    "labels": {"severity": "critical"},
    "annotations": {"summary": "Many signups"},
}


def old_file(path: Path, start_is_kept: bool) -> Path:
    """As the first release wrote it: a rule that fires, told to `ops`, and a log row that waits."""
    with sqlite3.connect(path) as connection:
        for statement in FIRST:
            connection.execute(statement)
        row = ("product/SignupsHigh", "firing", 1_000, 30.0, "a1", 1_000, json.dumps(DEFINITION))
        connection.execute("INSERT INTO rule_states VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if start_is_kept:
            data = {**DEFINITION, "alert_id": "a1", "condition": "> 20", "severity": "critical", "value": 30.0}
            body = json.dumps({"type": "alert.firing", "timestamp": "", "data": data}).encode()
            connection.execute(
                "INSERT INTO outbox (webhook_id, receiver, alert_id, body, created_ms, due_ms)"
                " VALUES ('msg_a1_firing', 'ops', 'a1', ?, 1000, 1000)",
                (body,),
            )
        connection.execute('INSERT INTO log_rows (row) VALUES (\'{"kind": "transition"}\')')
    connection.close()
    return path


@pytest.mark.parametrize("start_is_kept", [True, False])
def test_the_end_of_an_incident_goes_to_whom_the_old_release_told_its_start(
    tmp_path: Path, start_is_kept: bool
) -> None:
    """Also when the start was delivered so long ago that it is not in the file any more."""
    path = old_file(tmp_path / "alerts.db", start_is_kept)
    AlertStore(path).close()
    store = AlertStore(path)
    [(rule, stored)] = store.rules.all().items()
    assert (rule, stored.state.alert_id) == ("product/SignupsHigh", "a1")
    assert (stored.definition["condition"], stored.definition["receivers"]) == ("> 20", ["ops"])
    assert store.log.rows() == [(1, {"kind": "transition"})]
    assert store.outbox.counts() == ({"pending": 1} if start_is_kept else {})
    told = {**stored.definition, "alert_id": "a1", "value": 3.0}
    store.record(rule, stored, [], News("resolved", "a1", rule, (), told, 61_000))
    Teller(store).tell(61_000)
    ids = [each["webhook_id"] for each in store.outbox.messages()]
    assert ids == ["msg_a1_resolved", "msg_a1_firing"][: 2 if start_is_kept else 1]
    store.close()


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """What it says might be misread: nothing is touched."""
    path = tmp_path / "alerts.db"
    AlertStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="newer version"):
        AlertStore(path)
