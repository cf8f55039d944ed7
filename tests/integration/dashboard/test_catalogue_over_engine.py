"""The read API over a real engine: from stored events and posted facts to answers, in the documented shapes."""

import csv
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from dashboard import board_shapes, catalogue_shapes, report_shapes, shapes
from dashboard.alert_routes import AlertSources
from dashboard.app import create_app
from metrics.assembling import Assembled, Sources
from metrics.dimensions import Dimensions
from schemas.catalogue_files import load_catalogue
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.reports import WarehouseReports

NOW_MS = int(datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp() * 1000)
SECRET_KEY = "sk_test_5d1f"
COLUMNS = ("message_id", "type", "event", "user_id", "group_id", "occurred_ms", "received_ms", "properties", "context")
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-22", "grain": "month"}

WORKSPACE = """
name: Shop
timezone: UTC
currency: EUR
signup: Account Created
core_actions: [Project Created]
traits: {group: {industry: {type: string}}}
north_star: sales
tree: {revenue: [mrr, cac], retention: [at_risk]}
"""

METRICS = """
- {id: sales, label: {en: Sales, fr: Ventes}, definition: {en: Orders}, unit: count, owner: growth, target: 350,
   orange: 340, red: 3, stage: revenue, compute: {count: {event: Order Completed}}}
- {id: mrr, label: {en: MRR}, definition: {en: Recurring}, unit: money, owner: finance, compute: {balance: {part: end}}}
- {id: spend, label: {en: Spend}, definition: {en: Spent}, unit: money, owner: finance,
   compute: {fact: {fact: spend, aggregate: sum}}}
- {id: cac, label: {en: CAC}, definition: {en: Spend per order}, unit: money, owner: finance,
   compute: {ratio: {numerator: spend, denominator: sales}}}
- {id: at_risk, label: {en: At risk}, definition: {en: Idle}, unit: count, owner: success, direction: down,
   compute: {at_risk: {idle_days: 30}}}
"""

BOARDS = """
id: overview
label: {en: Overview, fr: Vue d'ensemble}
owner: growth
refresh: 1m
experiment: {id: price, conversion: Order Completed}
sections:
  - label: {en: All}
    cards: [{number: sales}, {line: cac}, {bars: sales, split: channel}, {table: [mrr, spend], split: industry},
      {funnel: onboarding}, {cohorts: customer}, {cohorts: person}, {tree: true}, {alerts: true}, {notes: true},
      {stages: [sales, mrr]}, {segments: mrr, split: plan}]
"""

EVENTS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("Experiment Viewed", "2026-11-02", "ana", "acme", {"experiment": "price", "variant": "control"}),
    ("Experiment Viewed", "2026-11-02", "ben", "globex", {"experiment": "price", "variant": "yearly"}),
    ("Subscription Started", "2026-10-05", "ana", "acme", {"plan": "team", "mrr": 10.1}),
    ("Subscription Started", "2026-11-06", "ben", "globex", {"plan": "pro", "amount": 240, "interval": "year"}),
    ("Order Completed", "2026-10-20", "ana", "acme", {"channel": "ads"}),
    ("Order Completed", "2026-11-03", "ana", "acme", {"channel": "ads"}),
    ("Order Completed", "2026-11-04", "ben", "globex", {}),
    ("Order Completed", "2026-11-04", "=1+1", "", {"channel": "@ads"}),
]


@dataclass
class Shop:
    """The application, and the thread's work that tests do by hand."""

    app: Any
    refresh: Any

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(f"/api/{path}", params=parameters)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    warehouse = Warehouse.embedded(folder / "warehouse")
    migrate(warehouse)
    warehouse.insert_lines("events", COLUMNS, b"\n".join(map(_line, range(len(EVENTS)))), {})
    logs = [LocalLog(folder / f"{name}.db", topics, 1) for name, topics in (("e", EVENT_TOPICS), ("h", HANDOFF_TOPICS))]
    reports = WarehouseReports(warehouse, *logs, lambda: NOW_MS)
    workspace_folder = _write_workspace(folder / "workspace")
    workspace = load_workspace(workspace_folder)
    catalogue = load_catalogue(workspace_folder, workspace)
    assembled = Assembled(
        Sources(
            warehouse=warehouse,
            reports=reports,
            definitions=workspace.stream,
            dimensions=Dimensions((), ("industry",)),
            catalogue=lambda: catalogue,
            findings=lambda: (),
            clock=lambda: NOW_MS,
            completeness=reports.recent_completeness,
        )
    )
    refresher = assembled.refresher(assembled.computer)
    refresher.round()
    app = create_app(
        reports=reports,
        measures=assembled.measures,
        workspace=workspace,
        clock=lambda: NOW_MS,
        secret_keys=[SECRET_KEY],
        write_keys=[],
        readiness=dict,
        telemetry=str,
        alerts=AlertSources(list),
    )
    yield Shop(app, refresher.round)
    for log in logs:
        log.close()
    warehouse.close()


def _line(number: int) -> bytes:
    event, day, user, account, properties = EVENTS[number]
    moment = int(datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=UTC).timestamp() * 1000) + number
    row = {"message_id": f"m{number}", "type": "track", "event": event, "user_id": user, "group_id": account}
    times = {"occurred_ms": moment, "received_ms": moment}
    return msgspec.json.encode(row | times | {"properties": msgspec.json.encode(properties).decode(), "context": "{}"})


def _write_workspace(folder: Path) -> Path:
    for part in ("plan", "funnels"):
        shutil.copytree(DEFAULT_WORKSPACE / part, folder / part)
    (folder / "plan" / "shop.yaml").write_text(
        "{object: Order, verb: Completed, description: An order, owner: growth, version: 1-0-0}\n"
    )
    for name, text in (("metrics", METRICS), ("boards", BOARDS)):
        (folder / name).mkdir()
        (folder / name / "shop.yaml").write_text(text)
    (folder / "workspace.yaml").write_text(WORKSPACE)
    return folder


def value(answer: httpx.Response) -> float | None:
    (point,) = answer.json()["points"]
    return point["value"]


async def test_a_fact_that_was_posted_is_in_the_next_answer(shop: Shop) -> None:
    """And in what is made of it, to the cent; sending it again changes nothing."""
    facts = {"facts": [{"fact": "spend", "date": "2026-11-05", "value": "100.30", "category": "marketing"}]}
    async with shop.client() as client:
        assert (await client.post("/api/facts", json=facts)).json()["changed"] == 1
        assert (await client.post("/api/facts", json=facts)).json()["changed"] == 0
    shop.refresh()
    assert value(await shop.get("metrics/spend", **NOVEMBER)) == 100.3
    assert value(await shop.get("metrics/cac", **NOVEMBER)) == pytest.approx(100.3 / 3)
    listed = (await shop.get("facts", fact="spend", **{"from": "2026-11-01", "to": "2026-11-22"})).json()
    assert [(fact["date"], fact["value"], fact["uploader"]) for fact in listed["facts"]] == [
        ("2026-11-05", 100.3, "api")
    ]


async def test_a_balance_is_read_to_the_cent(shop: Shop) -> None:
    """10.10 a month and 240 a year; by plan as well."""
    assert value(await shop.get("metrics/mrr", **NOVEMBER)) == 30.1
    split = (await shop.get("metrics/mrr", **NOVEMBER, segment="plan")).json()
    assert {one["value"]: one["points"][0]["value"] for one in split["segments"]} == {"pro": 20.0, "team": 10.1}


async def test_segments_are_the_first_touch_of_people(shop: Shop) -> None:
    """Those add up to the whole; one of them by itself is the same number."""
    split = (await shop.get("metrics/sales", **NOVEMBER, segment="channel")).json()
    found = {one["value"]: one["points"][0]["value"] for one in split["segments"]}
    assert sum(found.values()) == split["points"][0]["value"] == 3
    assert value(await shop.get("metrics/sales", **NOVEMBER, segment="channel:@ads")) == found["@ads"] == 1
    wrong = await shop.get("metrics/sales", segment="shoe_size")
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "invalid_parameter")


async def test_members_and_their_file(shop: Shop) -> None:
    """Who is behind a number; what came from outside runs no formula."""
    answer = await shop.get("metrics/sales/members", **{"from": "2026-11-01", "to": "2026-11-22"})
    catalogue_shapes.Members.model_validate(answer.json())
    assert len(answer.json()["members"]) == 3
    file = await shop.get("metrics/sales/members.csv", **{"from": "2026-11-01", "to": "2026-11-22"})
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert not any(cell.startswith(("=", "@", "+", "-")) for row in rows for cell in row.values())
    assert "'@ads" in {row["channel"] for row in rows}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("metrics", catalogue_shapes.Catalogue),
        ("metrics/sales/why", catalogue_shapes.Why),
        ("metrics/cac/why", catalogue_shapes.Why),
        ("metrics/dau", catalogue_shapes.MetricSeries),
        ("funnels/onboarding?segment=channel", shapes.FunnelReport),
        ("retention?subject=person&period=week", board_shapes.Cohorts),
        ("retention?subject=customer", board_shapes.Cohorts),
        ("tree", board_shapes.Tree),
        ("boards", board_shapes.BoardList),
        ("boards/overview", board_shapes.Board),
        ("boards/overview?lang=fr&days=90&grain=week&segment=channel:ads", board_shapes.Board),
        ("segments", report_shapes.SegmentList),
        ("experiments/price", report_shapes.ExperimentReport),
        ("reports/at-risk", report_shapes.AtRiskReport),
        ("reports/best-vs-churned", report_shapes.BestAndChurnedReport),
    ],
)
async def test_every_answer_over_the_engine_has_the_documented_shape(shop: Shop, path: str, shape: Any) -> None:
    """What a stand-in gives is not always what the engine gives."""
    async with shop.client() as client:
        answer = await client.get(f"/api/{path}")
    assert answer.status_code == 200, answer.text
    shape.model_validate(answer.json())


async def test_a_board_says_what_the_series_says(shop: Shop) -> None:
    """The number of a card is that of its days; colour and target are held against a month."""
    board = (await shop.get("boards/overview", days="28")).json()
    cards = board["sections"][0]["cards"]
    (sales,) = [card for card in cards if card["kind"] == "number"]
    assert (sales["value"], sales["previous"], sales["change"]) == (3.0, 1.0, 200.0)
    assert (sales["status"], sales["target"], sales["error"]) == ("red", 350.0, None)
    assert sum(point["value"] for point in sales["trend"]) == 3
    assert [card["error"] for card in cards if card["error"]] == []
    assert [one["variant"] for one in board["experiment"]["variants"]] == ["control", "yearly"]
    assert [one["converted"] for one in board["experiment"]["variants"]] == [1, 1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("metrics/dau", 200),
        ("metrics/dau?segment=channel", 404),
        ("metrics/dau/why", 404),
        ("metrics/dau/members", 404),
        ("metrics/sales?segment=property.%00:%00", 200),
        ("metrics/sales?segment=channel:%7Bp0:String%7D'", 200),
        ("metrics/sales?from=2027-01-01&to=2027-01-05", 200),
        ("experiments/a'b?conversion=%00", 200),
        ("boards/overview?to=2199-12-31&days=1", 200),
        ("boards/overview?segment=property.channel:ads", 200),
    ],
)
async def test_nothing_that_is_asked_is_a_defect(shop: Shop, path: str, status: int) -> None:
    """Metrics that nobody has described, names that look like SQL, days long after today."""
    async with shop.client() as client:
        assert (await client.get(f"/api/{path}")).status_code == status
