"""Bad input over a real socket: the answer of the contract, soon, and neighbours stored."""

import concurrent.futures
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "ingest_bodies.yaml").read_text())
PAGE = {"type": "page", "userId": "neighbour"}


def now() -> str:
    return datetime.now(UTC).isoformat()


def body_of(case: dict[str, Any]) -> str:
    if "body" in case:
        text: str = case["body"]
    else:
        before, middle, times, after = case["repeat"]
        text = before + middle * times + after
    return text.replace("NOW", now())


def check_refusal(answer: httpx.Response, code: int, reason: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["reason"]) == (code, reason)
    assert body["success"] is False
    assert body["status"] == 0
    assert body["code"] == (400 if code == 401 else code)
    assert body["message"]
    assert body["error"]


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_every_request_is_answered_as_the_table_says(collector: Any, compressed: bool) -> None:
    """One collector takes them all, one after another, and stores exactly what it said it stored."""
    accepted = quarantined = 0
    for case in CASES:
        body = body_of(case).encode()
        if compressed:
            body = gzip.compress(body)
        answer = collector.post(case.get("path", "/v1/batch"), body)
        if case["code"] != 200:
            check_refusal(answer, case["code"], case["reason"])
            continue
        told = answer.json()
        wanted = (case.get("accepted", 0), case.get("quarantined", 0))
        assert (told["accepted"], told["quarantined"]) == wanted, (case["name"], told)
        assert (told["success"], told["status"], told["error"], told["code"]) == (True, 1, None, 200)
        accepted += told["accepted"]
        quarantined += told["quarantined"]
    assert len(collector.events()) == accepted
    assert len(collector.quarantine()) == quarantined


def test_a_bomb_of_two_gigabytes_is_refused(collector: Any) -> None:
    """2 MB that gunzip to 2 GB: refused by what was sent, none of it inflated; a smaller one by what comes out."""
    member = gzip.compress(bytes(64 << 20))
    check_refusal(collector.post("/v1/batch", member * 32), 413, "body_too_large")
    assert 32 * len(member) > 2_000_000
    check_refusal(collector.post("/v1/batch", member), 413, "body_too_large")


def test_a_context_bomb_is_refused(collector: Any) -> None:
    """1 KB of gzip whose context would be copied into 7,000 rows, 1.7 GB in all: nothing of it is stored."""
    body = json.dumps({"context": {"b": "x" * 250_000}, "batch": [{"type": "page", "userId": "u"}] * 7_000})
    check_refusal(collector.post("/v1/batch", gzip.compress(body.encode())), 413, "body_too_large")
    assert collector.events() == collector.quarantine() == []


def test_a_body_without_a_length_is_capped_as_it_comes(collector: Any) -> None:
    """Chunked, so nothing announces its size."""
    pieces = (b"x" * 50_000 for _ in range(100))
    answer = collector.client.post("/v1/batch", content=pieces)
    check_refusal(answer, 413, "body_too_large")


def test_a_chunked_body_is_put_together(collector: Any) -> None:
    """As any client may send it."""
    body = json.dumps({"batch": [PAGE | {"timestamp": now()}] * 3}).encode()
    answer = collector.client.post("/v1/batch", content=(body[i : i + 7] for i in range(0, len(body), 7)))
    assert answer.json()["accepted"] == 3


@pytest.mark.parametrize(
    "label", ["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", None]
)
def test_the_label_of_a_body_does_not_matter(collector: Any, label: str | None) -> None:
    """SDKs mislabel gzip, and beacons can only say text/plain, or nothing."""
    for body in (json.dumps({"batch": [PAGE]}).encode(), gzip.compress(json.dumps({"batch": [PAGE]}).encode())):
        answer = collector.post("/v1/batch", body, headers={"content-type": label} if label else {})
        assert answer.json()["accepted"] == 1


def test_duplicate_keys_keep_the_last(collector: Any) -> None:
    """Of the message's own keys and of those inside its properties."""
    collector.post("/v1/page", '{"userId":"a","messageId":"m","userId":"b","properties":{"x":1,"x":2}}')
    (row,) = collector.events()
    assert row["user_id"] == "b"
    assert row["properties"] == {"x": 2}


def test_quarantined_originals_are_kept_byte_for_byte(collector: Any) -> None:
    """With reasons and plan version, so that they can be replayed after a fix."""
    item = '{"type":"track", "event":"Feature Used",  "userId":"u","messageId":"q-1","odd":"\\ud800"}'
    collector.post("/v1/batch", '{"batch":[' + item + "]}")
    (row,) = collector.quarantine()
    assert row["raw"] == item
    assert row["message_id"] == "q-1"
    assert {violation["rule"] for violation in row["violations"]} == {"wrong type", "missing required", "bad time"}
    assert row["plan_version"]


def test_verdicts_list_only_what_is_not_simply_stored(collector: Any) -> None:
    """In the order of the request, each with its violations."""
    good = PAGE | {"timestamp": now()}
    sent = [good | {"messageId": "a"}, PAGE | {"messageId": "b"}, good | {"messageId": "a"}, {"messageId": "c"}]
    told = collector.post("/v1/batch", {"batch": sent}).json()
    verdicts = [(event["message_id"], event["status"]) for event in told["events"]]
    assert verdicts == [("b", "flagged"), ("a", "duplicate"), ("c", "quarantined")]
    assert told["events"][0]["violations"][0].keys() == {"rule", "property", "message"}
    flagged = [row for row in collector.events() if row["message_id"] == "b"]
    assert flagged[0]["violations"] == told["events"][0]["violations"]


def test_a_message_without_an_id_is_given_one_and_told(collector: Any) -> None:
    """Stored under it; in a batch each with its place."""
    single = collector.post("/v1/page", {"userId": "u", "timestamp": now()}).json()
    batch = collector.post("/v1/batch", {"batch": [PAGE | {"messageId": "own"}, PAGE]}).json()
    stored = {row["message_id"] for row in collector.events()}
    assert [minted["index"] for minted in batch["minted"]] == [1]
    assert stored == {single["message_id"], "own", batch["minted"][0]["message_id"]}


def test_bad_bodies_among_good_ones_hurt_nobody(collector: Any) -> None:
    """Many connections at once, good requests between bombs: every good one is stored, each exactly once."""
    bad = [body_of(case).encode() for case in CASES if case["code"] != 200]

    def send(number: int) -> int:
        with httpx.Client(base_url=collector.url, auth=("wk_test", ""), timeout=30) as client:
            accepted = 0
            for turn in range(10):
                client.post("/v1/batch", content=bad[(number + turn) % len(bad)])
                items = [PAGE | {"messageId": f"{number}-{turn}-{i}", "timestamp": now()} for i in range(20)]
                accepted += client.post("/v1/batch", json={"batch": items}).json()["accepted"]
            return accepted

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        accepted = sum(pool.map(send, range(8)))
    ids = [row["message_id"] for row in collector.events()]
    assert accepted == len(ids) == len(set(ids)) == 1600


def test_a_sender_that_goes_away_leaves_no_trace(collector: Any) -> None:
    """Half a body and a closed connection: nothing is stored, the next sender is served."""
    import socket

    host, port = collector.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(b"POST /v1/page HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    assert collector.post("/v1/page", {"userId": "u"}).json()["accepted"] == 1
    assert len(collector.events()) == 1


def test_a_body_that_does_not_come_is_not_waited_for(start: Any) -> None:
    """408 after the patience of the settings."""
    import socket

    from ingest.limits import Limits

    collector = start(limits=Limits(body_seconds=0.05))
    host, port = collector.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sender:
        sender.sendall(b"POST /v1/page HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert sender.recv(100).startswith(b"HTTP/1.1 408 ")
