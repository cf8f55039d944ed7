"""What is not the collector's own goes to the engine, and sending never waits for it."""

import threading
import time
from typing import Any

import httpx
import pytest

from ingest.limits import Limits
from schemas.log import LogUnavailable


def test_other_paths_are_the_engines(start: Any, engine: Any) -> None:
    """Method, path, query, headers and body as they are; status, headers and body back."""
    engine.start()
    collector = start(upstream=engine.path)
    answer = collector.client.post(
        "/teapot?a=%2F&b=1", content=b"text", headers={"X-Asked": "yes", "X-NorthStream-Peer": "10.9.9.9"}
    )
    told = answer.json()
    assert (answer.status_code, answer.headers["x-own"]) == (418, "kept")
    assert (told["method"], told["path"], told["query"], told["body"]) == ("POST", "/teapot", "a=%2F&b=1", "text")
    assert told["headers"]["x-asked"] == "yes"
    assert told["headers"]["authorization"]
    assert told["headers"]["x-northstream-peer"] == "127.0.0.1"
    assert told["headers"]["host"] == collector.url.removeprefix("http://")


def test_live_streams_pass_piece_by_piece_and_end_with_their_reader(start: Any, engine: Any) -> None:
    """The first piece comes while the stream goes on; a reader who leaves does not keep it open."""
    engine.start()
    collector = start(upstream=engine.path)
    with collector.client.stream("GET", "/live/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert next(answer.iter_text()).startswith("data: 1")
    assert engine.left.wait(10)


def test_a_read_waits_for_an_engine_that_restarts(start: Any, engine: Any) -> None:
    """And is answered when it is there."""
    collector = start(upstream=engine.path)
    answers: list[httpx.Response] = []
    reader = threading.Thread(target=lambda: answers.append(collector.client.get("/api/metrics")))
    reader.start()
    engine.start()
    reader.join()
    assert answers[0].status_code == 200


def test_without_an_engine_reads_are_refused_and_sending_goes_on(start: Any, engine: Any) -> None:
    """503 with Retry-After after the wait; health answers itself, readiness tells what is missing."""
    collector = start(upstream=engine.path, limits=Limits(engine_wait_seconds=0.1))
    answer = collector.client.get("/api/metrics")
    assert (answer.status_code, answer.json()["reason"]) == (503, "engine_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert collector.post("/v1/page", {"userId": "u"}).status_code == 200
    assert collector.client.get("/healthz").status_code == 200
    ready = collector.client.get("/readyz")
    assert (ready.status_code, ready.json()["waiting_for"]) == (503, ["engine"])


def test_ready_is_when_log_and_engine_are(start: Any, engine: Any) -> None:
    """The engine's own readiness counts."""
    engine.start()
    collector = start(upstream=engine.path)
    wait_until(lambda: collector.client.get("/readyz").status_code == 200)
    engine.is_ready = False
    assert collector.client.get("/readyz").status_code == 503


def test_telemetry_of_both_is_one_text(start: Any, engine: Any) -> None:
    """Counted by the names that the answers use."""
    engine.start()
    collector = start(upstream=engine.path)
    collector.post("/v1/batch", {"batch": [{"type": "page", "userId": "u"}, 5]})
    collector.post("/v1/batch", "no json")
    text = collector.client.get("/metrics").text
    for line in (
        'northstream_collector_messages_total{verdict="stored"} 1.0',
        'northstream_collector_messages_total{verdict="quarantined"} 1.0',
        'northstream_collector_rejections_total{reason="not_json"} 1.0',
        'northstream_collector_violations_total{rule="bad time"} 1.0',
        "northstream_collector_engine_up 1.0",
        "northstream_engine_alive 1",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", 401), ("Bearer nobody", 401), ("Bearer wk_test", 403), ("Bearer sk_test", 200)],
)
def test_telemetry_beyond_loopback_needs_the_secret_key(collector: Any, authorization: str, status: int) -> None:
    """Whoever comes through a proxy is not on loopback; on loopback, and for health, no key is asked for."""
    headers = {"X-Forwarded-For": "203.0.113.9"} | ({"Authorization": authorization} if authorization else {})
    assert collector.nobody.get("/metrics", headers=headers).status_code == status
    assert collector.nobody.get("/metrics").status_code == 200
    assert collector.nobody.get("/healthz", headers=headers).status_code == 200


def test_one_description_covers_the_one_port(start: Any, engine: Any) -> None:
    """Ingest routes with examples, the collector's own, and the engine's for whom it lets see them."""
    engine.start()
    collector = start(upstream=engine.path)
    document = collector.client.get("/openapi.json").json()
    post = document["paths"]["/v1/track"]["post"]
    assert post["requestBody"]["content"]["application/json"]["example"]["event"] == "Task Completed"
    assert {"200", "400", "401", "413", "429", "503"} <= post["responses"].keys()
    assert {"/v1/batch", "/healthz", "/live/stream"} <= document["paths"].keys()
    elsewhere = collector.client.get("/openapi.json", headers={"X-Forwarded-For": "10.9.9.9"}).json()
    assert "/v1/batch" in elsewhere["paths"]
    assert "/live/stream" not in elsewhere["paths"]


def test_the_collector_has_no_pages_of_its_own(start: Any, engine: Any) -> None:
    """Viewers of OpenAPI load their scripts from elsewhere; every page is the engine's, which guards it."""
    engine.start()
    collector = start(upstream=engine.path)
    for path in ("/docs", "/redoc", "/api/docs"):
        assert collector.client.get(path).json()["path"] == path


class FullDisk:
    """The log on a disk that has no room: every append is refused until there is."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.is_full = True
        self.partitions = log.partitions

    def append(self, records: Any, low_watermark_ms: int | None = None) -> list[int]:
        self._check()
        offsets: list[int] = self._log.append(records, low_watermark_ms)
        return offsets

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        self._check()
        self._log.advance(collector, low_watermark_ms)

    def _check(self) -> None:
        if self.is_full:
            raise LogUnavailable("no space left on device")


def test_a_log_that_refuses_promises_nothing_and_comes_back(start: Any) -> None:
    """503 with Retry-After; when there is room again the retry is stored, as the first of its id, with its link."""
    logs: list[FullDisk] = []

    def wrap(log: Any) -> FullDisk:
        logs.append(FullDisk(log))
        return logs[0]

    collector = start(wrap=wrap)
    message = {"userId": "u", "anonymousId": "d", "messageId": "m", "timestamp": "2026-11-22T00:00:00Z"}
    answer = collector.post("/v1/page", message)
    assert (answer.status_code, answer.json()["reason"]) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    wait_until(lambda: collector.client.get("/readyz").status_code == 503)
    logs[0].is_full = False
    wait_until(lambda: collector.client.get("/readyz").status_code == 200)
    told = collector.post("/v1/page", message).json()
    assert told["accepted"] == 1
    assert not any(event["status"] == "duplicate" for event in told["events"])
    assert [(row["anonymous_id"], row["user_id"]) for row in collector.links()] == [("d", "u")]


def test_over_the_rate_of_a_key_is_told_when_to_come_back(start: Any) -> None:
    """429 + Retry-After in whole seconds."""
    collector = start(limits=Limits(events_per_second=5.0))
    items = [{"type": "page", "userId": "u"}] * 20
    assert collector.post("/v1/batch", {"batch": items}).status_code == 200
    answer = collector.post("/v1/batch", {"batch": items})
    assert (answer.status_code, answer.json()["reason"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 1


def wait_until(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")
