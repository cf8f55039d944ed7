"""Numbers of days that are over and change after they were published: what, from, to, why, because of which message."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from system.installation import Installation, running

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""Noon of yesterday: events of the hours around it are of one day, and never ahead of the clock."""


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def done(user: str, at: datetime, message_id: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Task Completed",
        "userId": user,
        "messageId": message_id,
        "timestamp": at.isoformat(),
    }


def publish(product: Installation) -> None:
    """Two persons active two and four days ago; then something in every partition, so that those days are over."""
    product.send(*(done(user, ago(days), f"{user} {days}") for user in ("ada", "bob") for days in (2, 4)))
    product.settle()
    product.send(*(done(f"user {number}", ago(0), f"user {number}") for number in range(40)))
    product.settle()


def unite(product: Installation, one: str, other: str, message_id: str) -> None:
    answer = httpx.post(
        f"{product.url}/v1/alias",
        json={"previousId": one, "userId": other, "messageId": message_id},
        auth=(product.secret_key, ""),
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


def dau(product: Installation, day: datetime, edition: str) -> dict[str, Any]:
    bounds = f"from={day.date()}&to={day.date()}&as_of={edition}"
    point: dict[str, Any] = product.get(f"/api/metrics/dau?{bounds}")["points"][0]
    return point


def restated(product: Installation, cause: str) -> list[tuple[Any, ...]]:
    """Changes of `dau` because of a message."""
    rows = product.rows(
        "SELECT toString(day) AS day, before, after, reason FROM northstream.restatements "
        f"WHERE metric = 'dau' AND cause = '{cause}' ORDER BY day"
    )
    return [(row["day"], int(row["before"]), int(row["after"]), row["reason"]) for row in rows]


def test_a_late_event_and_a_merge_restate_days_that_were_over(tmp_path: Path) -> None:
    """Each change says why; the API marks the points and can answer as first published."""
    second, fourth = ago(2), ago(4)
    with running(tmp_path / "data") as product:
        publish(product)
        assert [dau(product, day, "now")["value"] for day in (second, fourth)] == [2, 2]
        assert not dau(product, second, "now")["restated"]

        product.send(done("eve", second, "eve is late"))
        product.settle()
        assert restated(product, "eve is late") == [(str(second.date()), 2, 3, "late event")]

        unite(product, "bob", "ada", "bob is ada")
        product.settle()
        assert restated(product, "bob is ada") == [
            (str(fourth.date()), 2, 1, "merge"),
            (str(second.date()), 3, 2, "merge"),
        ]

        shown = dau(product, second, "now")
        assert (shown["value"], shown["settled"], shown["restated"]) == (2.0, True, True)
        assert [dau(product, day, "first")["value"] for day in (second, fourth)] == [2, 2]
        assert [dau(product, day, "now")["value"] for day in (second, fourth)] == [2, 1]
        wau = f"/api/metrics/wau?from={fourth.date()}&to={fourth.date()}"
        week = product.get(wau)["points"][0]
        assert (week["value"], week["restated"]) == (1.0, True)
        touched = product.get("/api/events/eve is late")["restated"]
        assert {"metric": "dau", "day": str(second.date()), "before": 2, "after": 3, "reason": "late event"} in touched
    with running(tmp_path / "data") as product:
        product.settle()
        assert dau(product, second, "first")["value"] == 2
        assert dau(product, fourth, "now") | {"status": ""} == dau(product, fourth, "now") | {
            "status": "",
            "value": 1.0,
        }
        assert len(restated(product, "bob is ada")) == 2


def test_what_happens_on_its_own_day_restates_nothing(tmp_path: Path) -> None:
    """A number that is still growing was not published as over."""
    with running(tmp_path / "data") as product:
        publish(product)
        product.send(done("ada", ago(0), "ada again"), done("new", ago(0), "new"))
        product.settle()
        assert product.rows("SELECT * FROM northstream.restatements") == []
