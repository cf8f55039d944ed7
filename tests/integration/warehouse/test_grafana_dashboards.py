"""The dashboards that are shipped for Grafana: every query runs on a real engine and finds what is there."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from deployment.compose_file import ROOT
from integration.warehouse.published import publish

from schemas.computes import STREAMED
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.notes import Action, Annotation, Decision, Stamp
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from warehouse.client import Warehouse
from warehouse.notes_store import NotesStore
from warehouse.people_store import PeopleStore
from warehouse.workspace_facts import write_workspace_facts

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
OF_CLICKHOUSE = [name for name in BOARDS if name != "operations"]
_MACRO = re.compile(r"\$__(\w+)(?:\(([^()]*)\))?")


def queries(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The title of each panel, or the name of each annotation, with its query."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["rawSql"]
    for annotation in board["annotations"]["list"]:
        yield annotation["name"], annotation["target"]["rawSql"]


def expanded(sql: str, first: datetime, last: datetime) -> str:
    """The query as the plugin sends it (its documentation, "Macros")."""
    seconds = [f"toDateTime({int(moment.timestamp())})" for moment in (first, last)]
    days = [f"toDate('{moment:%Y-%m-%d}')" for moment in (first, last)]
    known = {
        "fromTime": lambda _: seconds[0],
        "toTime": lambda _: seconds[1],
        "timeFilter": lambda column: f"{column} >= {seconds[0]} AND {column} <= {seconds[1]}",
        "dateFilter": lambda column: f"{column} >= {days[0]} AND {column} <= {days[1]}",
        "timeInterval": lambda column: f"toStartOfInterval(toDateTime({column}), INTERVAL 86400 second)",
        "interval_s": lambda _: "86400",
    }
    return _MACRO.sub(lambda match: known[match[1]](match[2]), sql)


@pytest.fixture(scope="module")
def company(engine: Warehouse) -> tuple[Warehouse, date]:
    """Numbers of four months up to today, notes, facts, an alert and a restatement; and today."""
    today = engine.rows("SELECT day FROM northstream.today")[0][0]
    days = [today - timedelta(days=back) for back in range(120)]
    funnel = FunnelDefinition("onboarding", {"en": "x"}, 60, tuple(FunnelStep(n, {"en": n}) for n in ("A", "B")))
    usual = dict.fromkeys(("active_types", "active_events", "core_actions"), frozenset[str]())
    write_workspace_facts(engine, StreamDefinitions(timezone="UTC", signup_event="A", funnels=(funnel,), **usual))
    counters = (
        "dau",
        "wau",
        "mau",
        "signups",
        "activated",
        "activations",
        "funnel:onboarding:1",
        "funnel:onboarding:2",
    )
    publish(PeopleStore(engine), {name: dict.fromkeys(days, 3) for name in counters})
    _insert_points(engine, days)
    notes = NotesStore(engine)
    notes.append(Action(Stamp("a"), days[3], "Call", due=today, budget=Decimal("10.50")))
    notes.append(Decision(Stamp("d"), days[3], "start", "Try"))
    notes.append(Annotation(Stamp("n"), days[3], "Price raised", metric="mrr"))
    now = datetime.now(UTC)
    _insert(
        engine, "metric_restatement_rows", metric="mrr", version=1, grain="day", bucket=days[5], before="1", after="2"
    )
    _insert(engine, "alert_log_rows", at=_instant(now), kind="transition", alert="High", to_state="firing")
    _insert(engine, "facts", fact="spend", day=days[3], value="12.5", channel="ads", version=1)
    _insert_event(engine, now)
    return engine, today


def _insert(engine: Warehouse, table: str, **row: Any) -> None:
    engine.insert_lines(table, list(row), msgspec.json.encode(row), {})


def _instant(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"


def _insert_points(engine: Warehouse, days: list[date]) -> None:
    """A value for every metric of the default catalogue that the stream does not count, by day, week and month."""
    metrics = [metric.id for metric in load_workspace(DEFAULT_WORKSPACE).metrics if metric.id not in STREAMED]
    starts = {
        "day": days,
        "week": sorted({day - timedelta(days=day.weekday()) for day in days}),
        "month": sorted({day.replace(day=1) for day in days}),
    }
    rows = [
        {"metric": name, "version": 1, "grain": grain, "bucket": bucket, "value": "0.5"}
        for name in metrics
        for grain, buckets in starts.items()
        for bucket in buckets
    ]
    engine.insert_lines("metric_point_rows", list(rows[0]), b"\n".join(map(msgspec.json.encode, rows)), {})
    versions = [{"metric": name, "version": 1, "definition": "x", "since": days[-1]} for name in metrics]
    engine.insert_lines("metric_versions", list(versions[0]), b"\n".join(map(msgspec.json.encode, versions)), {})


def _insert_event(engine: Warehouse, now: datetime) -> None:
    moment = _instant(now - timedelta(hours=1))
    _insert(
        engine,
        "events",
        message_id="m1",
        type="track",
        event="Project Created",
        user_id="ana",
        occurred_at=moment,
        received_at=moment,
    )


@pytest.mark.parametrize("name", OF_CLICKHOUSE)
def test_every_query_finds_what_is_there(company: tuple[Warehouse, date], name: str) -> None:
    """A panel that shows nothing, or an error, is worse than none."""
    engine, today = company
    last = datetime.combine(today, datetime.max.time(), UTC)
    empty = []
    for title, sql in queries(BOARDS[name]):
        if not engine.rows(expanded(sql, last - timedelta(days=90), last)):
            empty.append(title)
    assert empty == []


@pytest.mark.parametrize("name", OF_CLICKHOUSE)
def test_dashboards_ask_for_metrics_that_there_are(name: str) -> None:
    """A mistyped metric would be an empty panel."""
    known = {metric.id for metric in load_workspace(DEFAULT_WORKSPACE).metrics}
    named = {
        metric
        for _, sql in queries(BOARDS[name])
        for listed in re.findall(r"metric (?:=|IN) (\([^)]*\)|'\w+')", sql)
        for metric in re.findall(r"'(\w+)'", listed)
    }
    assert named <= known


def test_the_ways_to_a_value_agree(company: tuple[Warehouse, date]) -> None:
    """A day's value is the same in both views; a week of a count is the sum of its days, of actives its last day."""
    engine, today = company
    monday = today - timedelta(days=today.weekday() + 7)
    rows = engine.rows(
        "SELECT metric, grain, value FROM northstream.metric_buckets WHERE bucket = {monday:Date}"
        " AND metric IN ('dau', 'signups', 'activation_rate', 'mrr') AND grain IN ('day', 'week')",
        {"monday": monday},
    )
    found = {(metric, grain): value for metric, grain, value in rows}
    assert [found[name, "week"] for name in ("dau", "signups", "activation_rate")] == [3, 21, 1]
    points = engine.rows("SELECT metric, value FROM northstream.metric_points WHERE day = {day:Date}", {"day": monday})
    assert {name: value for (name, grain), value in found.items() if grain == "day"} == {
        name: value for name, value in points if (name, "day") in found
    }
