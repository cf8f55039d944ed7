"""Who may send, on every route and in every place for a key; and what browsers need to see the answer."""

import json
from typing import Any

import httpx
import pytest

from ingest.routes import BATCH, PATHS

ORIGIN = "https://shop.example.test"
PLACES = ["basic", "bearer", "body", "query"]


def send(collector: Any, path: str, place: str, key: str | None) -> httpx.Response:
    message = {"type": "page", "userId": "u", "previousId": "p", "groupId": "g", "event": "Task Completed"}
    body: dict[str, Any] = {"batch": [message]} if PATHS[path] == BATCH else message
    headers, query = {}, {}
    auth: Any = (key, "") if place == "basic" and key is not None else None
    if place == "bearer" and key:
        headers["authorization"] = f"Bearer {key}"
    if place == "body":
        body = body | {"writeKey": key}
    if place == "query" and key is not None:
        query["writeKey"] = key
    return collector.nobody.post(path, content=json.dumps(body), headers=headers, params=query, auth=auth)


def test_every_route_takes_known_keys_and_no_others(collector: Any) -> None:
    """Route × place × kind of key: write and secret keys store, everything else is 401 and stores nothing."""
    stored = 0
    for path in PATHS:
        for place in PLACES:
            for key in ("wk_test", "sk_test"):
                answer = send(collector, path, place, key)
                assert (answer.status_code, answer.json()["accepted"]) == (200, 1), (path, place, key)
                stored += 1
            for key in ("nobody", "", None):
                answer = send(collector, path, place, key)
                assert answer.status_code == 401, (path, place, key)
                assert answer.json()["code"] == 400
                assert answer.json()["error"].startswith("Invalid API key:")
    rows = collector.events()
    assert len(rows) == stored
    assert sum(row.get("secret", False) for row in rows) == stored // 2
    assert {row["source"] for row in rows} == {"web", "secret"}


def test_a_wrong_key_in_the_header_is_not_healed_by_the_body(collector: Any) -> None:
    """The header counts first."""
    answer = collector.post("/v1/page", {"userId": "u", "writeKey": "wk_test"}, auth=("nobody", ""))
    assert answer.status_code == 401


def test_only_post_is_taken(collector: Any) -> None:
    """Anything else is told so, in the error form; unknown paths too."""
    for method, path, code in (("GET", "/v1/track", 405), ("PUT", "/v1/batch", 405), ("POST", "/v1/nothing", 404)):
        answer = collector.client.request(method, path)
        assert answer.status_code == answer.json()["code"] == code
        assert answer.json()["success"] is False


@pytest.mark.parametrize(
    "wanted",
    ["authorization", "anonymousid,authorization,content-type,sentat", "content-type"],
    ids=["segment", "rudder", "beacon"],
)
def test_a_preflight_allows_what_sdks_ask_for(collector: Any, wanted: str) -> None:
    """The origin itself with credentials, request headers by name, private networks."""
    answer = httpx.options(
        f"{collector.url}/v1/p",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
            "Access-Control-Request-Private-Network": "true",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(wanted.split(",")) <= allowed


@pytest.mark.parametrize(("body", "code"), [('{"userId":"u"}', 200), ("no json", 400)])
def test_every_answer_can_be_read_across_origins(collector: Any, body: str, code: int) -> None:
    """Refusals too, with Retry-After exposed; without an Origin no such headers are sent."""
    answer = collector.post("/v1/page", body, headers={"Origin": ORIGIN})
    assert answer.status_code == code
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in collector.post("/v1/page", body).headers


def test_a_wrong_key_can_be_read_across_origins(collector: Any) -> None:
    """Else the page sees only a network error."""
    answer = collector.post("/v1/page", "{}", auth=("no", ""), headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_analytics_js_is_told_to_send_here(collector: Any) -> None:
    """`GET /v1/projects/{key}/settings` points back at this host; unknown keys have no project."""
    settings = collector.client.get("/v1/projects/wk_test/settings")
    segment = settings.json()["integrations"]["Segment.io"]
    assert f"{segment['protocol']}://{segment['apiHost']}" == f"{collector.url}/v1"
    assert settings.headers["access-control-allow-origin"] == "*"
    assert collector.client.get("/v1/projects/nobody/settings").status_code == 404
