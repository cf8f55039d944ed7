"""The tables of cases about single messages: ids, times, plan."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = Path(__file__).parents[2] / "cases"


def cases(name: str) -> list[Any]:
    table = yaml.safe_load((CASES / name).read_text())
    return [pytest.param(case, id=case["name"]) for case in table]


def check(outcome: Any, case: dict[str, Any]) -> None:
    assert outcome.status == case.get("status", "stored"), outcome.messages
    if "rules" in case:
        assert outcome.rules == case["rules"]
    for column, value in case.get("row", {}).items():
        assert outcome.column(column) == value


@pytest.mark.parametrize("case", cases("ingest_ids.yaml"))
def test_ids_are_read_as_the_table_says(examine: Any, case: dict[str, Any]) -> None:
    """Strings byte for byte, integers as decimals, other types quarantined, junk counts as absent."""
    call = {"type": "track", "event": "Task Completed", "messageId": "m-1", "timestamp": "2026-11-21T11:00:00Z"}
    check(examine(call | case["sent"]), case)


@pytest.mark.parametrize("case", cases("ingest_times.yaml"))
def test_times_are_read_as_the_table_says(examine: Any, case: dict[str, Any]) -> None:
    """Event time is the client's, corrected by the skew of its clock; bad times are flagged or kept out."""
    call = {"type": "page", "messageId": "m-1", "userId": "u-1"}
    batch = {"sentAt": case["batch_sent"]} if "batch_sent" in case else {}
    outcome = examine(call | case["sent"], batch=batch)
    check(outcome, case)
    if "occurred" in case:
        moment = datetime.fromisoformat(case["occurred"])
        assert outcome.row.occurred_ms == int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@pytest.mark.parametrize("case", cases("ingest_plan.yaml"))
def test_messages_are_held_against_the_plan_as_the_table_says(examine: Any, case: dict[str, Any]) -> None:
    """The closed list of violations; each leads to what contracts §6 says, in either mode."""
    call = {"type": "track", "messageId": "m-1", "userId": "u-1", "timestamp": "2026-11-21T11:00:00Z"}
    outcome = examine(call | case["sent"], mode=case.get("mode", "open"))
    check(outcome, case)
    if "meant" in case:
        assert f'did you mean "{case["meant"]}"?' in outcome.messages[0]
