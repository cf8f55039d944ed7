"""Every kind of receiver that speaks HTTP, against real servers: well, refusing, hanging, dripping, redirecting.

Does not repeat messages: see test_alert_delivery.py. Mail and Apprise: test_channel_email.py, test_channel_apprise.py.
"""

import asyncio
import json
from datetime import datetime

import pytest
from alert_messages import NOW_MS, body, data, end, group, start, waiting
from jsonschema import Draft202012Validator

from alerting.channels.alertmanager import AlertmanagerChannel
from alerting.channels.channel import Dead, Delivered, Retry
from alerting.channels.choice import channel_to
from alerting.outbox import Outgoing
from alerting.store import AlertStore
from alerting.wished import trial
from schemas.alerts import AlertmanagerReceiver, PagerDutyReceiver, WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00"

LABEL_SET = {"type": "object", "additionalProperties": {"type": "string"}}
POSTABLE_ALERTS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "startsAt": {"type": "string", "format": "date-time"},
            "endsAt": {"type": "string", "format": "date-time"},
            "annotations": LABEL_SET,
            "labels": LABEL_SET | {"propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}},
            "generatorURL": {"type": "string", "format": "uri"},
        },
        "required": ["labels"],
        "additionalProperties": False,
    },
}
"""`postableAlerts` of api/v2/openapi.yaml of prometheus/alertmanager; label names as its docs ask for."""

EVENT = {
    "type": "object",
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "maxLength": 255},
        "client": {"type": "string"},
        "client_url": {"type": "string", "format": "uri"},
        "links": {"type": "array", "items": {"type": "object", "required": ["href"]}},
        "images": {"type": "array"},
        "payload": {
            "type": "object",
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": {"type": "string", "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "format": "date-time"},
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
        },
    },
    "required": ["routing_key", "event_action"],
    "additionalProperties": False,
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}
"""PagerDuty's reference of `POST /v2/enqueue` ("Send an event", Events API v2): fields, limits and what is required."""


@pytest.fixture
def store(tmp_path):
    opened = AlertStore(tmp_path / "alerts.db")
    yield opened
    opened.close()


@pytest.fixture(params=["webhook", "alertmanager", "pagerduty"])
def channel_at(request, store):
    """A channel of each kind to a URL, with half a second of patience."""

    def make(url):
        receiver = {
            "webhook": lambda: WebhookReceiver("ops", url, SECRET, allow_private=True),
            "alertmanager": lambda: AlertmanagerReceiver("ops", (url,), allow_private=True),
            "pagerduty": lambda: PagerDutyReceiver("ops", KEY, url, allow_private=True),
        }[request.param]()
        return channel_to(receiver, 0.5, store.outbox, lambda: NOW_MS)

    return make


@pytest.fixture
async def raw():
    """A server that answers whatever a test writes; its URL."""
    servers = []

    async def start_one(write):
        async def talk(_reader, writer):
            try:
                await write(writer)
            except ConnectionError:
                pass
            finally:
                writer.close()

        servers.append(await asyncio.start_server(talk, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield start_one
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (202, {}, Delivered),
        (500, {}, Retry("HTTP 500")),
        (429, {"Retry-After": "7"}, Retry("HTTP 429", 7.0)),
        (503, {"Retry-After": "Sun, 22 Nov 2026 10:00:09 GMT"}, Retry("HTTP 503", 9.0)),
        (301, {"Location": "http://127.0.0.1:1/"}, Retry("HTTP 301: redirects are not followed")),
        (307, {"Location": "http://169.254.169.254/latest"}, Retry("HTTP 307: redirects are not followed")),
    ],
)
async def test_what_a_receiver_answers_decides_what_comes_next(channel_at, answering, status, headers, expected):
    """2xx is delivered; all else is tried again, when the receiver says; no redirect is followed."""
    server = answering((status, headers))
    outcome = await channel_at(f"http://127.0.0.1:{server.port}").deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Delivered) if expected is Delivered else outcome == expected
    assert len(server.arrivals) == 1


async def test_who_hangs_or_hangs_up_is_tried_again(channel_at, silent):
    """Within the channel's patience."""
    hanging, closing = silent(False), silent(True)
    outcomes = [await channel_at(each.url).deliver(waiting(start("a")), NOW_MS) for each in (hanging, closing)]
    assert outcomes[0] == Retry("no answer within 0.5 s")
    assert isinstance(outcomes[1], Retry)


async def test_an_answer_that_drips_or_never_ends_is_none(channel_at, raw):
    """The time is for the whole exchange, and a head is no longer than 16 KB."""

    async def drip(writer):
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def flood(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: " + b"a" * 4096 + b"\r\n")
            await writer.drain()

    assert await channel_at(await raw(drip)).deliver(waiting(start("a")), NOW_MS) == Retry("no answer within 0.5 s")
    assert isinstance(await channel_at(await raw(flood)).deliver(waiting(start("a")), NOW_MS), Retry)


async def test_the_body_of_an_answer_is_not_waited_for(channel_at, raw):
    """A head is enough; what comes behind it may take for ever."""

    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(30)

    outcome = await channel_at(await raw(endless)).deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Delivered)


async def test_only_a_webhook_that_is_gone_and_an_event_that_is_wrong_are_dead(answering, store):
    """410 of a webhook; 400 of PagerDuty, which says so of no event that it could take later."""
    gone, wrong = answering((410, {})), answering((400, {}))
    hook = WebhookReceiver("ops", gone.url, SECRET, allow_private=True)
    pager = PagerDutyReceiver("ops", KEY, wrong.url, allow_private=True)
    for receiver in (hook, pager):
        channel = channel_to(receiver, 0.5, store.outbox, lambda: NOW_MS)
        assert isinstance(await channel.deliver(waiting(start("a")), NOW_MS), Dead)


async def test_a_webhook_without_a_key_waits_for_one(answering, store):
    """A secret that is no key sends nothing unsigned."""
    server = answering()
    channel = channel_to(WebhookReceiver("ops", server.url, "", True), 0.5, store.outbox, lambda: NOW_MS)
    assert await channel.deliver(waiting(start("a")), NOW_MS) == Retry("the secret is empty")
    assert server.arrivals == []


# Alertmanager


def alertmanager(store, *urls, repeat_seconds=60.0):
    receiver = AlertmanagerReceiver("ops", urls, allow_private=True)
    return AlertmanagerChannel(receiver, 0.5, store.outbox, lambda: NOW_MS, repeat_seconds)


def posted(server):
    """The alerts of each request, checked against the published shape."""
    alerts = [json.loads(arrival.body) for arrival in server.arrivals]
    for each in alerts:
        Draft202012Validator(POSTABLE_ALERTS, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(each)
    assert {arrival.path for arrival in server.arrivals} <= {"/api/v2/alerts"}
    return alerts


async def test_alertmanager_is_told_what_its_api_asks_for(answering, store):
    """Labels say which rule it is and are the same at the end; the end says when it was."""
    server = answering()
    channel = alertmanager(store, f"http://127.0.0.1:{server.port}/")
    for message in (start("a"), end("a")):
        assert await channel.deliver(waiting(message), NOW_MS) == Delivered("taken by 1 of 1")
    [[firing], [resolved]] = posted(server)
    assert firing["labels"] == resolved["labels"]
    assert firing["labels"] == {
        "alertname": "SignupsHigh",
        "severity": "critical",
        "owner": "growth",
        "metric": "signups",
        "group": "product",
        "team": "web",
    }
    assert firing["annotations"]["summary"] == "Many signups, même la nuit"
    assert firing["startsAt"] == resolved["startsAt"] == "2026-11-22T10:00:00.000Z"
    assert resolved["endsAt"] == "2026-11-22T10:05:00.000Z"
    assert firing["endsAt"] == "2026-11-22T11:00:00.000Z"
    assert firing["generatorURL"] == "http://127.0.0.1:8000/alerts?rule=product/SignupsHigh"


async def test_labels_that_alertmanager_would_refuse_are_mended(answering, store):
    """Other signs become underscores, empty values go, and no label of a rule hides its name."""
    server = answering()
    labels = {"my-team": "web", "1st": "x", "": "y", "empty": "", "alertname": "Other"}
    channel = alertmanager(store, f"http://127.0.0.1:{server.port}")
    await channel.deliver(waiting(start("a", labels=labels, owner="")), NOW_MS)
    [[alert]] = posted(server)
    assert alert["labels"] == {
        "alertname": "SignupsHigh",
        "severity": "critical",
        "metric": "signups",
        "group": "product",
        "my_team": "web",
        "_1st": "x",
    }


async def test_a_group_is_one_request_and_a_test_ends_soon(answering, store):
    """Alertmanager groups by itself; nobody must end a test."""
    server = answering()
    channel = alertmanager(store, f"http://127.0.0.1:{server.port}")
    await channel.deliver(waiting(group(start("a"), end("b", alert="B"))), NOW_MS)
    await channel.deliver(waiting(trial("ops", "w1", NOW_MS, "http://x")), NOW_MS)
    both, [test] = posted(server)
    assert [each["labels"]["alertname"] for each in both] == ["SignupsHigh", "B"]
    assert test["labels"]["alertname"] == "NorthStreamTest"
    assert test["endsAt"] == "2026-11-22T10:05:00.000Z"


async def test_open_incidents_are_said_again_and_ends_for_a_while(answering, store, until):
    """Alertmanager forgets when it restarts; what was never delivered is not said behind the outbox's back."""
    server = answering()
    for message in (start("a"), start("b"), end("b"), start("other", "chat")):
        store.outbox.add(message)
    for _ in range(3):
        store.outbox.delivered(store.outbox.next_for("ops"), NOW_MS, [])
    store.outbox.add(start("waits"))
    repeating = asyncio.create_task(
        alertmanager(store, f"http://127.0.0.1:{server.port}", repeat_seconds=0.02).keep_alive()
    )
    await asyncio.to_thread(until, lambda: len(server.arrivals) >= 2)
    repeating.cancel()
    first, second = posted(server)[:2]
    assert first == second
    assert sorted(each["endsAt"] for each in first) == ["2026-11-22T10:05:00.000Z", "2026-11-22T11:00:00.000Z"]


async def test_one_of_a_cluster_is_enough(answering, silent, store):
    """The dead member hears it with the next repetition, if it comes back."""
    living, hanging = answering(), silent(False)
    channel = alertmanager(store, hanging.url, f"http://127.0.0.1:{living.port}")
    assert await channel.deliver(waiting(start("a")), NOW_MS) == Delivered("taken by 1 of 2")
    assert len(posted(living)) == 1


async def test_a_member_of_a_cluster_that_hangs_does_not_hold_up_what_follows(answering, silent, store):
    """Else each message would wait for its whole time."""
    living, hanging = answering(), silent(False)
    receiver = AlertmanagerReceiver("am", (hanging.url, f"http://127.0.0.1:{living.port}"), allow_private=True)
    channel = AlertmanagerChannel(receiver, 3600.0, store.outbox, lambda: NOW_MS)
    async with asyncio.timeout(60):
        for message in (start("a"), end("a")):
            assert await channel.deliver(waiting(message), NOW_MS) == Delivered("taken by 1 of 2")
    assert len(posted(living)) == 2


async def test_none_of_a_cluster_is_a_failure(answering, store):
    """It says what all of them said, and waits for the first that may be asked again."""
    first, second = answering((429, {"Retry-After": "30"})), answering((503, {"Retry-After": "9"}))
    channel = alertmanager(store, *(f"http://127.0.0.1:{each.port}" for each in (first, second)))
    assert await channel.deliver(waiting(start("a")), NOW_MS) == Retry("HTTP 429; HTTP 503", 9.0)


# PagerDuty


async def events(server, store, *messages):
    receiver = PagerDutyReceiver("ops", KEY, server.url, allow_private=True)
    channel = channel_to(receiver, 0.5, store.outbox, lambda: NOW_MS)
    for message in messages:
        assert isinstance(await channel.deliver(waiting(message), NOW_MS), Delivered)
    sent = [json.loads(arrival.body) for arrival in server.arrivals]
    for each in sent:
        Draft202012Validator(EVENT, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(each)
    return sent


async def test_pagerduty_triggers_and_resolves_one_incident(answering, store):
    """The key is the alert_id, so that copies and the end find the incident."""
    trigger, resolve = await events(answering((202, {})), store, start("a"), end("a"))
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] == "a"
    told = trigger["payload"]
    assert (told["severity"], told["component"], told["group"], told["class"], told["source"]) == (
        "critical",
        "signups",
        "product",
        "SignupsHigh",
        "127.0.0.1:8000",
    )
    assert told["summary"] == "[critical] SignupsHigh: signups is 30 (> 20): Many signups, même la nuit"
    assert told["custom_details"]["value"] == 30.0
    assert datetime.fromisoformat(told["timestamp"]).timestamp() * 1000 == NOW_MS
    assert {link["text"]: link["href"] for link in trigger["links"]}["Runbook"] == "https://example.com/run"
    assert "payload" not in resolve


async def test_pagerduty_hears_of_acknowledgements_and_of_each_incident_of_a_group(answering, store):
    """A test is resolved at once, so that it pages nobody for long."""
    acknowledged = Outgoing("msg_a_acknowledged", "ops", body("alert.acknowledged", data("a")), NOW_MS)
    sent = await events(
        answering((202, {})),
        store,
        acknowledged,
        group(start("b", severity="info"), end("c")),
        trial("ops", "w1", NOW_MS, "http://x"),
    )
    assert [(each["event_action"], each["dedup_key"]) for each in sent] == [
        ("acknowledge", "a"),
        ("trigger", "b"),
        ("resolve", "c"),
        ("trigger", "test_w1"),
        ("resolve", "test_w1"),
    ]
    assert sent[1]["payload"]["severity"] == "info"
