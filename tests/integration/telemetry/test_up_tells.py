"""`northstream up` watched from outside: telemetry, log lines and spans of one event's way, an alert at its end."""

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from integration.telemetry.receiver import ReceivedSpan, Receiver, receiving
from integration.telemetry.told import declared, described, labels_are_declared
from system.installation import Installation, run, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDER = "00f067aa0ba902b7"
PATIENCE_SECONDS = 60.0


def wait_for(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def product(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Sends its spans to the receiver, and its one alert too; an event came, within the sender's trace."""
    folder = tmp_path_factory.mktemp("up")
    assert run("init", "workspace", cwd=folder).returncode == 0
    alerts = folder / "workspace" / "alerts"
    for file in alerts.iterdir():
        file.unlink()
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    webhook = {"url": f"{receiver.url}/hook", "secret": secret, "allow_private": True}
    rule = {"alert": "SignupsAny", "metric": "signups", "bucket": "running", "condition": "> 0"}
    group = {"name": "product", "interval": "1s", "receiver": "ops", "rules": [rule]}
    outside = {"name": "outside", "webhook": webhook | {"url": f"{receiver.url}/alive"}}
    content = {
        "receivers": [{"name": "ops", "webhook": webhook}, outside],
        "groups": [group],
        "dead_mans_switch": {"receiver": "outside", "every": "5s"},
        "data_receivers": [],
    }
    (alerts / "alerts.yaml").write_text(yaml.safe_dump(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with running(folder / "data", "--workspace", str(folder / "workspace"), NORTHSTREAM_WATCH_EVERY="1") as product:
            headers = {"traceparent": f"00-{TRACE}-{SENDER}-01", "x-request-id": "request-1"}
            event = {"type": "track", "event": "Account Created", "userId": "u1", "messageId": "m1"}
            body = {"batch": [event, {"type": "track", "messageId": "m2"}]}
            auth = (product.write_key, "")
            sent = httpx.post(f"{product.url}/v1/batch", json=body, auth=auth, headers=headers, trust_env=False)
            assert sent.status_code == 200
            product.settle()
            wait_for(lambda: receiver.hooks, "the alert")
            yield product


def page_of(product: Installation) -> str:
    return httpx.get(f"{product.url}/metrics", trust_env=False).text


def test_every_declared_name_is_told_once(product: Installation) -> None:
    """With the type, the help and the labels that are declared; nothing is told that is not declared."""
    # On a busy machine what asks the warehouse may be late, and is on a later page.
    wait_for(lambda: described(page_of(product)) == declared(), "all that is declared and no more")
    assert labels_are_declared(page_of(product))


def test_what_happened_is_counted(product: Installation) -> None:
    """One message stored, one quarantined, one alert delivered, nothing left to do."""
    expected = {
        'northstream_collector_request_duration_seconds_count{code="200",route="batch"} 1.0',
        'northstream_collector_messages_total{verdict="stored"} 1.0',
        'northstream_collector_messages_total{verdict="quarantined"} 1.0',
        "northstream_worker_events_applied_total 1.0",
        "northstream_worker_people 1.0",
        'northstream_worker_apply_delay_seconds_count{topic="events"} 1.0',
        "northstream_worker_publish_delay_seconds_count 1.0",
        'northstream_loader_rows_total{table="events"} 1.0',
        'northstream_loader_rows_total{table="quarantine_rows"} 1.0',
        'northstream_alerter_delivery_duration_seconds_count{outcome="delivered",receiver="ops"} 1.0',
        'northstream_alerter_rules{state="firing"} 1.0',
        "northstream_lag_events 0.0",
    }
    wait_for(lambda: expected <= set(page_of(product).splitlines()), "all of it")


def test_reads_are_observed_by_their_route(product: Installation) -> None:
    """A route with its parameters unfilled: as many series as there are routes."""
    product.get("/api/persons/u1")
    lines = page_of(product).splitlines()
    assert any('{code="200",route="/api/persons/{identifier' in line for line in lines), lines


@pytest.mark.parametrize("path", ["/api/quality", "/api/persons/nobody", "/nothing/here", "/v1/nothing"])
def test_answers_carry_the_senders_request_id(product: Installation, path: str) -> None:
    """Whoever asks for help can name the request; an id that is not sane is replaced."""
    for sent, kept in (("mine-7", True), ("not sane", False)):
        headers = {"authorization": f"Bearer {product.secret_key}", "x-request-id": sent}
        answer = httpx.get(f"{product.url}{path}", headers=headers, trust_env=False)
        ids = answer.headers.get_list("x-request-id")
        assert len(ids) == 1
        assert (ids == [sent]) is kept


def test_a_refusal_and_its_line_in_the_log_have_the_same_id(product: Installation) -> None:
    """One that is made when the sender has none; scripts in browsers may read it."""
    origin = {"origin": "https://app.example"}
    answer = httpx.post(f"{product.url}/v1/track", content=b"no json", headers=origin, trust_env=False)
    assert answer.status_code == 400
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    wait_for(lambda: lines_of(product, "request refused: not_json"), "the line")
    [line] = lines_of(product, "request refused: not_json")
    assert (line["request_id"], line["code"]) == (answer.headers["x-request-id"], 400)


def test_the_log_names_request_and_message_of_what_was_quarantined(product: Installation) -> None:
    """Of each line one can tell the process, the request and the message."""
    wait_for(lambda: lines_of(product, "messages quarantined"), "the line")
    [line] = lines_of(product, "messages quarantined")
    assert (line["process"], line["request_id"], line["message_ids"]) == ("collector", "request-1", ["m2"])
    assert line["instance"]


def lines_of(product: Installation, message: str) -> list[dict[str, object]]:
    text = Path(f"{product.data_dir}.stderr").read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["message"] == message]


def test_the_request_continues_the_senders_trace_down_to_the_append(product: Installation, receiver: Receiver) -> None:
    """W3C trace context in, spans out."""
    wait_for(lambda: receiver.named("append"), "the span of the append")
    [request] = receiver.named("POST /v1/batch")
    assert (request.service, request.trace, request.parent) == ("northstream-collector", TRACE, SENDER)
    assert request.attributes["http.response.status_code"] == 200
    [append] = [span for span in receiver.named("append") if span.trace == TRACE]
    assert append.parent == request.span
    # The self-watch may have gone along.
    assert append.attributes["northstream.requests"] in (1, 2)


def test_an_alert_is_delivered_within_the_trace_of_the_look_that_caused_it(
    product: Installation, receiver: Receiver
) -> None:
    """The outbox lies between the two."""
    wait_for(lambda: parents_of(receiver, "deliver", "evaluate"), "the spans of the alert")
    [deliver] = receiver.named("deliver")
    assert deliver.attributes == {"northstream.receiver": "ops", "northstream.outcome": "delivered"}


def parents_of(receiver: Receiver, name: str, parent: str) -> list[ReceivedSpan]:
    return [above for span in receiver.named(name) for above in receiver.named(parent) if above.span == span.parent]


def test_the_engine_makes_spans_of_its_work(product: Installation, receiver: Receiver) -> None:
    """Publications, checkpoints, loads, and reads by their route."""
    for name in ("publish", "checkpoint", "load", "GET /api/quality"):
        wait_for(lambda name=name: receiver.named(name), f"a span {name}")
        assert receiver.named(name)[0].service == "northstream-engine"


def watch_of(product: Installation) -> dict[str, float]:
    """The self-watch in `/readyz`, whatever that answers."""
    found: dict[str, float] = httpx.get(f"{product.url}/readyz", timeout=30, trust_env=False).json()["watch"] or {}
    return found


def records_of(product: Installation) -> float:
    lines = page_of(product).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("northstream_collector_records_total "))


def test_the_product_watches_itself_and_counts_nothing_of_it(product: Installation) -> None:
    """Many of its events have crossed the whole path; the app's two messages are all that anybody is told of."""
    wait_for(lambda: records_of(product) > 30, "many records of the watch")
    wait_for(lambda: watch_of(product).get("age_seconds", 99.0) < 5, "a young watch")
    quality = product.settle()
    assert [quality[name] for name in ("accepted", "quarantined", "flagged", "duplicates", "late")] == [1, 1, 1, 0, 0]
    assert product.rows("SELECT count() AS rows FROM events") == [{"rows": 1}]
    assert product.rows("SELECT count() AS rows FROM persons") == [{"rows": 1}]
    [age] = [line for line in page_of(product).splitlines() if line.startswith("northstream_watch_age_seconds ")]
    assert float(age.split()[1]) < 60


@pytest.mark.long
def test_a_frozen_engine_is_missed_inside_and_outside(product: Installation, receiver: Receiver) -> None:
    """The collector's watch goes on ageing, signs of life stop, and intake goes on; woken, all is as before."""
    engine = product.child("engine")
    wait_for(lambda: receiver.signs, "a sign of life")
    wait_for(lambda: watch_of(product).get("age_seconds", 99.0) < 3, "a young watch")
    os.kill(engine, signal.SIGSTOP)
    signs = len(receiver.signs)
    try:
        wait_for(lambda: watch_of(product)["age_seconds"] > 12, "the watch to grow beyond what is normal")
        assert product.send({"type": "page", "userId": "u1", "messageId": "m3"})["accepted"] == 1
        # One may have been on its way.
        assert len(receiver.signs) <= signs + 1
    finally:
        os.kill(engine, signal.SIGCONT)
    wait_for(lambda: watch_of(product)["age_seconds"] < 3, "a young watch again")
    wait_for(lambda: len(receiver.signs) > signs + 1, "signs of life again")
