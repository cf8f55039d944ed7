"""Messages on their way to real receivers: well, slow, failing, redirecting, closing.

Does not kill processes: see test_alert_restart.py.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from alerting.alerter import Alerter
from alerting.numbers import NotLookedUp, Point
from alerting.payload import signed_headers, signing_key
from alerting.post import Answer, PostFailed, post
from alerting.retries import RetryPolicy
from alerting.store import AlertStore
from alerting.surroundings import Surroundings
from alerting.targets import Target
from schemas.alerts import AlertDefinitions, AlertRule, Bucket, MetricSubject, Subject, WebhookReceiver
from schemas.reading import ReadingUnavailable
from schemas.target_hosts import is_public_address

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = RetryPolicy(timeout_seconds=0.3, first_seconds=0.02, longest_seconds=0.05)


class World:
    """A value that tests set and a log that they read."""

    def __init__(self) -> None:
        self.value = 30.0
        self.log: list[Mapping[str, Any]] = []
        self.log_fails = False

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        return [Point(date(2026, 3, 1), self.value)] * count

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))

    def sink(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self.log_fails:
            raise ReadingUnavailable("the warehouse restarts")
        self.log.extend(rows)

    def surroundings(self, retry: RetryPolicy = QUICK) -> Surroundings:
        return Surroundings(
            self, self.sink, lambda: False, lambda: int(time.time() * 1000), "http://127.0.0.1:8000", retry
        )


def rule_for(receiver: str, name: str = "SignupsHigh") -> AlertRule:
    return AlertRule(
        alert=name,
        group="product",
        subject=MetricSubject("signups"),
        bucket="running",
        operator=">",
        threshold=20.0,
        receivers=(receiver,),
        owner="growth",
        labels={"severity": "critical"},
        annotations={"summary": "Many signups, même la nuit"},
    )


def receiver(name: str, url: str, allow_private: bool = True) -> WebhookReceiver:
    return WebhookReceiver(name, url, SECRET, allow_private)


def defined(*rules: AlertRule, receivers: Sequence[WebhookReceiver]) -> AlertDefinitions:
    return AlertDefinitions(rules, tuple(receivers))


def telling(ops: WebhookReceiver) -> AlertDefinitions:
    return defined(rule_for("ops"), receivers=[ops])


@contextmanager
def running(alerter: Alerter) -> Iterator[None]:
    thread = threading.Thread(target=alerter.run)
    thread.start()
    try:
        yield
    finally:
        alerter.stop()
        thread.join()


def types_of(arrivals: Sequence[Any]) -> list[str]:
    return [json.loads(arrival.body)["type"] for arrival in arrivals]


def test_one_message_at_the_start_and_one_at_the_end_in_the_contract_form(
    answering: Any, until: Any, tmp_path: Path
) -> None:
    """Payload and headers as contracts §7 says; the library of Standard Webhooks accepts the signature."""
    world, ops = World(), answering()
    with running(
        alerter := Alerter(
            defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
        )
    ):
        until(lambda: len(ops.arrivals) == 1 and len(world.log) == 2)
        world.value = 12.0
        alerter.notify()
        until(lambda: len(ops.arrivals) == 2)
        until(lambda: len(world.log) == 4)
    messages = [Webhook(SECRET).verify(arrival.body, arrival.headers) for arrival in ops.arrivals]
    firing, resolved = messages
    assert set(firing) == {"type", "timestamp", "data"}
    assert firing["type"] == "alert.firing"
    assert firing["data"] == {
        "alert_id": firing["data"]["alert_id"],
        "alert": "SignupsHigh",
        "metric": "signups",
        "bucket": "running",
        "value": 30.0,
        "condition": "> 20",
        "severity": "critical",
        "owner": "growth",
        "started_at": firing["timestamp"],
        "ended_at": None,
        "labels": {"severity": "critical"},
        "annotations": {"summary": "Many signups, même la nuit"},
        "url": "http://127.0.0.1:8000/alerts?rule=product/SignupsHigh",
        "group": "product",
        "rule": "product/SignupsHigh",
        "comparison": {"kind": "threshold"},
    }
    assert resolved["type"] == "alert.resolved"
    data = resolved["data"]
    assert data["duration_seconds"] >= 0
    ended = {"value": 12.0, "ended_at": resolved["timestamp"], "start_value": 30.0}
    assert data == {**firing["data"], **ended, "duration_seconds": data["duration_seconds"]}
    assert len({arrival.headers["webhook-id"] for arrival in ops.arrivals}) == 2
    assert [row["kind"] for row in world.log] == ["transition", "delivery", "transition", "delivery"]


def test_the_signature_is_that_of_the_library() -> None:
    """Same key, id, time and body: the same signature as Standard Webhooks computes."""
    body = '{"é":1}'
    ours = signed_headers(signing_key(SECRET), "msg_1", 1_700_000_000_500, body.encode())
    theirs = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(1_700_000_000, UTC), body)
    assert ours["webhook-signature"] == theirs


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_A"])
def test_a_secret_that_is_no_key_is_refused(secret: str) -> None:
    """An empty or broken secret is a configuration error, not an unsigned message."""
    with pytest.raises(ValueError, match="secret"):
        signing_key(secret)


def test_a_failed_delivery_is_repeated_with_the_same_id(answering: Any, until: Any, tmp_path: Path) -> None:
    """500 twice, then 200: three attempts with one webhook-id, and no fourth."""
    world, ops = World(), answering((500, {}), (503, {}), (200, {}))
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
    )
    with running(alerter):
        until(lambda: len(world.log) == 2)
    assert len(ops.arrivals) == 3
    assert len({arrival.headers["webhook-id"] for arrival in ops.arrivals}) == 1
    assert world.log[1]["attempts"] == 3


def test_a_redirect_is_a_failure_and_never_followed(answering: Any, until: Any, tmp_path: Path) -> None:
    """301 to another place: that place hears nothing; the first one is asked again."""
    elsewhere = answering()
    ops = answering((301, {"Location": elsewhere.url}), (200, {}))
    world = World()
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
    )
    with running(alerter):
        until(lambda: len(ops.arrivals) == 2)
    assert elsewhere.arrivals == []


def test_dead_receivers_do_not_hold_up_the_living(answering: Any, silent: Any, until: Any, tmp_path: Path) -> None:
    """One hangs, one closes, one has no listener: the fourth gets start and end, the dead ones are tried again."""
    hanging, closing, living = silent(False), silent(True), answering()
    gone = answering()
    gone.close()
    world = World()
    urls = {"hanging": hanging.url, "closing": closing.url, "gone": gone.url, "living": living.url}
    alerter = Alerter(
        defined(
            *(rule_for(name, f"SignupsHigh_{name}") for name in urls),
            receivers=[receiver(name, url) for name, url in urls.items()],
        ),
        tmp_path / "a.db",
        world.surroundings(),
    )
    with running(alerter):
        until(lambda: len(living.arrivals) == 1)
        world.value = 3.0
        until(lambda: len(living.arrivals) == 2)
        until(lambda: hanging.count >= 2 and closing.count >= 2)
    assert types_of(living.arrivals) == ["alert.firing", "alert.resolved"]
    store = AlertStore(tmp_path / "a.db")
    assert store.outbox.counts() == {"delivered": 2, "pending": 6}
    store.close()


def test_the_end_never_overtakes_the_start(answering: Any, until: Any, tmp_path: Path) -> None:
    """While the start of an incident is not delivered its end waits, even if the receiver would take it."""
    world, ops = World(), answering(*[(500, {})] * 8, (200, {}))
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
    )
    with running(alerter):
        until(lambda: len(ops.arrivals) >= 1)
        world.value = 3.0
        alerter.notify()
        until(lambda: len(ops.arrivals) == 10)
    assert types_of(ops.arrivals) == ["alert.firing"] * 9 + ["alert.resolved"]


def test_retry_after_is_honoured(answering: Any, until: Any, tmp_path: Path) -> None:
    """429 with Retry-After: the next attempt is not due before that."""
    world, ops = World(), answering((429, {"Retry-After": "600"}))
    patient = RetryPolicy(first_seconds=0.01, longest_seconds=300.0)
    before_ms = int(time.time() * 1000)
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings(patient)
    )
    with running(alerter):
        until(lambda: len(ops.arrivals) == 1)
    store = AlertStore(tmp_path / "a.db")
    waiting = store.outbox.next_for("ops")
    store.close()
    assert waiting is not None
    assert waiting.due_ms - before_ms >= 600_000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("²", None),
        ("Mon, 01 Jan 0001 00:00:00 -0000", 0.0),
        ("Sun, 22 Nov 2026 08:00:10 GMT", 10.0),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(header: str, expected: float | None) -> None:
    """Whole seconds or an HTTP date; anything else says nothing."""
    assert Answer(429, header).wait_seconds(1_795_334_400_000) == expected


def test_a_receiver_that_is_gone_gets_a_dead_letter(answering: Any, until: Any, tmp_path: Path) -> None:
    """410, or no success within the give-up time: the message is kept as dead and logged so."""
    gone, failing, world = answering((410, {})), answering((500, {})), World()
    hopeless = RetryPolicy(first_seconds=0.01, longest_seconds=0.02, give_up_seconds=0.05)
    alerter = Alerter(
        defined(
            rule_for("gone", "A"),
            rule_for("failing", "B"),
            receivers=[receiver("gone", gone.url), receiver("failing", failing.url)],
        ),
        tmp_path / "a.db",
        world.surroundings(hopeless),
    )
    with running(alerter):
        until(lambda: sum(row["kind"] == "delivery" for row in world.log) == 2)
    assert {row["status"] for row in world.log if row["kind"] == "delivery"} == {"dead"}
    assert len(gone.arrivals) == 1


def test_log_rows_wait_for_a_sink_that_fails(answering: Any, until: Any, tmp_path: Path) -> None:
    """While the warehouse is away rows stay in the file; they come when it is back, once."""
    world, ops = World(), answering()
    world.log_fails = True
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
    )
    with running(alerter):
        until(lambda: len(ops.arrivals) == 1)
        assert world.log == []
        world.log_fails = False
        until(lambda: len(world.log) == 2)
    assert [row["kind"] for row in world.log] == ["transition", "delivery"]


def test_a_private_target_is_refused_unless_allowed(answering: Any, until: Any, tmp_path: Path) -> None:
    """Without allow_private nothing reaches a loopback receiver; the outbox says why."""
    world, ops = World(), answering()
    path = tmp_path / "a.db"
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url, allow_private=False)]), path, world.surroundings()
    )
    with running(alerter):
        until(lambda: path.exists() and world.log != [])
        watch = AlertStore(path)
        until(lambda: (waiting := watch.outbox.next_for("ops")) is not None and waiting.attempts > 0)
        watch.close()
    assert ops.arrivals == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    """The check does not refuse what lies on the public internet."""
    assert is_public_address(address)


async def test_the_connection_goes_to_the_checked_address_whatever_the_name_says_now(answering: Any) -> None:
    """A name is looked up once: the request goes to that address and carries the name in Host."""
    ops = answering()
    target = Target(
        ("127.0.0.1",), ops.port, "rebinding.invalid", f"rebinding.invalid:{ops.port}", "/hook?a=1", tls=False
    )
    assert (await post(target, {}, b"{}", 5.0)).status == 200
    assert ops.arrivals[0].headers["host"] == f"rebinding.invalid:{ops.port}"
    assert ops.arrivals[0].path == "/hook?a=1"


def test_a_name_with_two_addresses_reaches_the_one_that_listens(answering: Any, until: Any, tmp_path: Path) -> None:
    """localhost may mean ::1 first: the other address is tried too."""
    world, ops = World(), answering()
    url = ops.url.replace("127.0.0.1", "localhost")
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", url)]), tmp_path / "a.db", world.surroundings()
    )
    with running(alerter):
        until(lambda: len(ops.arrivals) == 1)


def test_states_tell_what_the_api_shows(answering: Any, until: Callable[..., None], tmp_path: Path) -> None:
    """`shown()` lists each rule with state, value, metric, owner, severity and condition."""
    world, ops = World(), answering()
    alerter = Alerter(
        defined(rule_for("ops"), receivers=[receiver("ops", ops.url)]), tmp_path / "a.db", world.surroundings()
    )
    assert alerter.shown()["alerts"] == []
    with running(alerter):
        until(lambda: [row["state"] for row in alerter.shown()["alerts"]] == ["firing"])
        row = alerter.shown()["alerts"][0]
    assert (row["alert"], row["metric"], row["value"], row["condition"], row["owner"], row["severity"]) == (
        "SignupsHigh",
        "signups",
        30.0,
        "> 20",
        "growth",
        "critical",
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no http at all\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 What\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
async def test_an_answer_that_is_no_http_is_a_failed_delivery(answer: bytes) -> None:
    """Whatever a receiver sends back, it is a named failure of this attempt and nothing else."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        target = Target(("127.0.0.1",), port, "127.0.0.1", f"127.0.0.1:{port}", "/", tls=False)
        with pytest.raises(PostFailed):
            await post(target, {}, b"{}", 5.0)
