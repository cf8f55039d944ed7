"""Alerts through the API: what is, what was, and what people ask for; asked rightly and wrongly."""

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from stand_ins.alert_past import RememberedControls, RememberedHistory

from dashboard.access import Access
from dashboard.alert_answers import shown_alerts
from dashboard.alert_control_routes import alert_control_routes
from dashboard.alert_routes import AlertsContext, AlertSources, alert_routes
from dashboard.alert_shapes import Alerts, Incidents, Silences
from dashboard.failures import answer_failures
from dashboard.moments import WorkspaceClock
from dashboard.reading import Reader
from schemas.alert_controls import Acknowledgement, Matcher, Silence
from schemas.alert_history import Incident, IncidentStep
from schemas.calendar import Calendar
from schemas.catalogue import Catalogue
from schemas.notes import Stamp

NOW_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z, 11:00 in Paris
MINUTE = 60_000
KEY = "sk_test_5d1f"
RULE = {"alert": "SignupsHigh", "group": "product", "metric": "signups", "condition": "> 20", "state": "firing"}
MATCHERS = [{"name": "alert", "value": "SignupsHigh"}]
TOLD = {
    "alerts": [RULE | {"alert_id": "a1", "value": 24.0}],
    "receivers": [
        {"name": "ops", "kind": "webhook", "pending": 0, "dead": 1},
        {"name": "ops/night", "kind": "webhook", "pending": 0, "dead": 0},
        {"name": "gone", "kind": "removed", "pending": 1, "dead": 0},
    ],
    "messages": [
        {"webhook_id": "msg_a0_firing", "receiver": "ops", "status": "dead"},
        {"webhook_id": "msg_a1_firing", "receiver": "ops", "status": "delivered"},
    ],
}


class NoLog:
    """A log of nothing."""

    def alert_log(self, limit):
        return []


class NoMetrics:
    """A catalogue of nothing."""

    def catalogue(self):
        return Catalogue({})


@pytest.fixture
def controls():
    return RememberedControls()


@pytest.fixture
def history():
    return RememberedHistory()


@pytest.fixture
async def client(controls, history):
    app = FastAPI(openapi_url=None)
    answer_failures(app)
    clock = WorkspaceClock(lambda: NOW_MS, Calendar("Europe/Paris"))
    sources = AlertSources(lambda: TOLD, history, controls)
    context = AlertsContext(sources, NoMetrics(), NoLog(), Reader(), clock)
    access = Access([KEY], [], lambda: NOW_MS)
    app.include_router(alert_routes(context, access))
    app.include_router(alert_control_routes(context, controls, access))
    headers = {"Authorization": f"Bearer {KEY}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as opened:
        yield opened


def an_incident(alert_id="a1", began=10, ended=None, condition="> 20"):
    """Began so many minutes ago; told once, a second after its start."""
    started = NOW_MS - began * MINUTE
    ended_ms = None if ended is None else NOW_MS - ended * MINUTE
    steps = (
        IncidentStep(started, "transition", 24.0, "inactive", "firing", detail="breached"),
        IncidentStep(started + 1, "notice", status="held", receiver="chat", detail="quiet_hours"),
        IncidentStep(started + 1000, "delivery", 24.0, receiver="ops", status="delivered", attempts=1),
        IncidentStep(started + 2000, "transition", 31.0, "recovering", "firing", detail="breached again"),
        IncidentStep(started + 3000, "transition", 18.0, "firing", "recovering", detail="clear"),
    )
    told = ("product", "SignupsHigh", "signups", "running", condition, "critical", "growth")
    return Incident(alert_id, *told, started, ended_ms, steps)


async def test_whoever_alerting_is_the_answer_has_every_key(client):
    """An alerter of an older version says less, pages need not ask."""
    answer = Alerts.model_validate((await client.get("/api/alerts")).json())
    assert (answer.alerts[0].rule, answer.alerts[0].held, answer.watch) == (
        "product/SignupsHigh",
        {},
        {"age_seconds": None},
    )
    assert shown_alerts([RULE], {})["alerts"][0]["incidents_30d"] is None


async def test_an_incident_says_when_what_why_and_who(client, history, controls):
    """Of two acknowledgements the first counts; the peak lies on the bad side of the condition."""
    history.kept = [an_incident(), an_incident("a0", began=90, ended=30, condition="< 20")]
    controls.append(Acknowledgement("a1", NOW_MS - MINUTE, "ana", "campaign"))
    controls.append(Acknowledgement("a1", NOW_MS, "ben"))
    newer, older = Incidents.model_validate((await client.get("/api/alerts/history")).json()).incidents
    assert (newer.duration_seconds, newer.ended_at, newer.first_value, newer.peak_value) == (600.0, None, 24.0, 31.0)
    assert (newer.cause, newer.acknowledged.by, newer.last_value) == ("breached", "ana", 18.0)
    assert [(step.receiver, step.status) for step in newer.told] == [("ops", "delivered")]
    assert [(step.receiver, step.detail) for step in newer.held] == [("chat", "quiet_hours")]
    assert (older.duration_seconds, older.peak_value, older.acknowledged) == (3600.0, 18.0, None)


async def test_history_is_asked_by_rule_metric_and_days_of_the_workspace(client, history):
    """And comes in pages."""
    history.kept = [an_incident("a1"), an_incident("a2", began=3 * 1440, ended=2 * 1440)]
    for asked, found in (
        ({"rule": "product/SignupsHigh"}, ["a1", "a2"]),
        ({"metric": "mrr"}, []),
        ({"from": "2026-11-22"}, ["a1"]),
        ({"from": "2026-11-01", "to": "2026-11-20"}, ["a2"]),
        ({"limit": "1"}, ["a1"]),
        ({"limit": "1", "offset": "1"}, ["a2"]),
    ):
        answer = (await client.get("/api/alerts/history", params=asked)).json()
        assert [each["alert_id"] for each in answer["incidents"]] == found
        assert answer["next"] == (1 if asked == {"limit": "1"} else None)
    assert (await client.get("/api/alerts/history?rules=x")).status_code == 422


@pytest.mark.parametrize(
    ("until", "ends_at"),
    [
        ({"duration_seconds": 3600}, "2026-11-22T11:00:00.000Z"),
        ({"until": "tomorrow"}, "2026-11-23T08:00:00.000Z"),
        ({"ends_at": "2026-11-22T18:30"}, "2026-11-22T17:30:00.000Z"),
        ({"ends_at": "2026-11-22T18:30:00-05:00"}, "2026-11-22T23:30:00.000Z"),
        ({"starts_at": "2026-11-22T12:00", "duration_seconds": 60}, "2026-11-22T11:01:00.000Z"),
    ],
)
async def test_a_silence_ends_by_the_workspaces_clock(client, until, ends_at):
    """A time without an offset is one of the workspace."""
    made = await client.post("/api/alerts/silences", json={"matchers": MATCHERS, "reason": "sale", **until})
    assert (made.status_code, made.json()["ends_at"], made.json()["active"]) == (201, ends_at, "starts_at" not in until)
    (listed,) = Silences.model_validate((await client.get("/api/alerts/silences")).json()).silences
    assert (listed.id, listed.reason) == (made.json()["id"], "sale")


async def test_a_silence_that_is_ended_is_gone_once(client, controls):
    """As an edition, so that the past can be told."""
    path = (await client.post("/api/alerts/silences", json={"matchers": MATCHERS, "until": "tomorrow"})).json()["id"]
    assert (await client.delete(f"/api/alerts/silences/{path}")).status_code == 204
    assert (await client.delete(f"/api/alerts/silences/{path}")).status_code == 404
    assert (await client.get("/api/alerts/silences")).json() == {"silences": []}
    first, last = controls.kept
    assert last == replace(first, stamp=Stamp(path, 2, NOW_MS, is_gone=True))
    assert isinstance(first, Silence)
    assert first.matchers == (Matcher("alert", "SignupsHigh"),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_seconds": 60},
        {"matchers": [], "duration_seconds": 60},
        {"matchers": MATCHERS},
        {"matchers": MATCHERS, "duration_seconds": 60, "until": "tomorrow"},
        {"matchers": MATCHERS, "duration_seconds": 0},
        {"matchers": MATCHERS, "duration_seconds": 1e9},
        {"matchers": MATCHERS, "until": "doomsday"},
        {"matchers": MATCHERS, "ends_at": "2026-11-22T09:00:00Z"},
        {"matchers": MATCHERS, "ends_at": "2029-11-22T09:00:00Z"},
        {"matchers": MATCHERS, "ends_at": "0001-01-01T00:00:00+14:00"},
        {"matchers": MATCHERS, "ends_at": 1_900_000_000},
        {"matchers": MATCHERS, "starts_at": "2026-12-02T00:00", "ends_at": "2026-12-01T00:00"},
        {"matchers": [{"name": "alert", "value": ""}], "duration_seconds": 60},
        {"matchers": [{"name": "alert", "value": "a\x00b"}], "duration_seconds": 60},
        {"matchers": MATCHERS * 21, "duration_seconds": 60},
        {"matchers": MATCHERS, "duration_seconds": 60, "reason": "x" * 2001},
        {"matchers": MATCHERS, "duration_seconds": 60, "colour": "red"},
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(client, controls, wrong):
    """Whoever silences nothing, or for ever, has made a mistake."""
    answer = await client.post("/api/alerts/silences", json=wrong)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_parameter")
    assert controls.kept == []


async def test_only_an_open_incident_can_be_taken_in_hand(client, controls):
    """Another one has nobody to remind."""
    taken = await client.post("/api/alerts/incidents/a1/acknowledge", json={"author": "ana"})
    assert (taken.status_code, taken.json()["by"]) == (201, "ana")
    assert (await client.post("/api/alerts/incidents/a0/acknowledge", json={})).status_code == 404
    assert controls.kept == [Acknowledgement("a1", NOW_MS, "ana")]


async def test_wishes_are_kept_for_what_there_is(client, controls):
    """A test to a receiver that exists, a dead letter of the receiver that it was for."""
    for path, status in (
        ("receivers/ops/test", 202),
        ("receivers/ops%2Fnight/test", 202),
        ("receivers/nobody/test", 404),
        ("receivers/gone/test", 404),
        ("messages/msg_a0_firing/resend?receiver=ops", 202),
        ("messages/msg_a0_firing/resend?receiver=chat", 404),
        ("messages/msg_a1_firing/resend?receiver=ops", 409),
        ("messages/msg_a0_firing/resend", 422),
    ):
        assert (await client.post(f"/api/alerts/{path}", json={})).status_code == status, path
    assert [(wish.kind, wish.subject, wish.receiver) for wish in controls.kept] == [
        ("test", "ops", ""),
        ("test", "ops/night", ""),
        ("resend", "msg_a0_firing", "ops"),
    ]
