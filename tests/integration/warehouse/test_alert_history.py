"""Incidents out of the alert log of a real engine."""

from typing import Any

import pytest

from schemas.alert_history import Incident, IncidentsQuestion
from schemas.reading import Reports
from stream.log.local import LocalLog
from warehouse.alert_history import WarehouseAlertHistory
from warehouse.client import Warehouse
from warehouse.reports import WarehouseReports


@pytest.fixture
def reports(warehouse: Warehouse, events_log: LocalLog, handoffs_log: LocalLog) -> Reports:
    return WarehouseReports(warehouse, events_log, handoffs_log)


def change(at_ms: int, to_state: str, alert_id: str = "a1", **others: Any) -> dict[str, Any]:
    rule = {"rule_group": "product", "alert": "High", "metric": "signups", "condition": "> 20", "value": float(at_ms)}
    return {"kind": "transition", "at_ms": at_ms, "alert_id": alert_id, "to_state": to_state, **rule, **others}


def asked(warehouse: Warehouse, from_ms: int = 0, to_ms: int = 1000, **others: Any) -> list[Incident]:
    return list(WarehouseAlertHistory(warehouse).incidents(IncidentsQuestion(from_ms, to_ms, **others)))


def test_an_incident_is_what_the_log_says_under_its_id(warehouse: Warehouse, reports: Reports) -> None:
    """From the first change to that into `inactive`; pending is none; whoever was told stands in it."""
    told = {"kind": "delivery", "alert_id": "a1", "receiver": "ops", "status": "delivered", "attempts": 1}
    reports.write_alert_log(
        [
            change(50, "pending", alert_id=""),
            change(100, "firing", detail="breached"),
            told | {"at_ms": 110, "message": "msg_a1_firing"},
            change(200, "recovering"),
            change(300, "inactive", detail="clear", value=7.0),
            told | {"at_ms": 310, "message": "msg_a1_resolved"},
        ]
    )
    (found,) = asked(warehouse)
    assert (found.rule, found.started_ms, found.ended_ms, found.cause) == ("product/High", 100, 300, "breached")
    assert (found.values, found.peak) == ((100.0, 200.0, 7.0), 200.0)
    assert [step.message for step in found.steps if step.kind == "delivery"] == ["msg_a1_firing", "msg_a1_resolved"]


def test_incidents_are_found_by_time_rule_and_metric(warehouse: Warehouse, reports: Reports) -> None:
    """The last to begin first; one that is still open belongs to every day since."""
    paid = {"alert": "Paid", "metric": "signups[channel=paid]"}
    reports.write_alert_log(
        [
            change(100, "firing"),
            change(200, "inactive"),
            change(300, "firing", "a2"),
            change(400, "firing", "b1", **paid),
            change(450, "inactive", "b1", **paid),
            change(400, "firing", "c1", metric="signups_paid", alert="Other"),
        ]
    )
    ids = [incident.alert_id for incident in asked(warehouse)]
    assert ids == ["b1", "c1", "a2", "a1"]
    for question, found in (
        ({"from_ms": 201, "to_ms": 350}, ["a2"]),
        ({"from_ms": 150, "to_ms": 300}, ["a1"]),
        ({"from_ms": 900}, ["c1", "a2"]),
        ({"rule": "product/Paid"}, ["b1"]),
        ({"rule": "product/P"}, []),
        ({"metric": "signups"}, ["b1", "a2", "a1"]),
        ({"metric": "sign' OR 1=1"}, []),
        ({"limit": 2, "offset": 1}, ["c1", "a2"]),
    ):
        assert [incident.alert_id for incident in asked(warehouse, **question)] == found
