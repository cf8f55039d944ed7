"""Who may read what: every route of the application, with every kind of key, from here and from elsewhere."""

import base64

import httpx
import pytest
from fastapi.routing import iter_route_contexts

SECRET_KEY = "sk_test_5d1f"
WRITE_KEY = "wk_test_77aa"
ELSEWHERE = "203.0.113.9"

API = {
    "/api/metrics",
    "/api/metrics/{metric_id}",
    "/api/metrics/{metric_id}.csv",
    "/api/metrics/{metric_id}/members",
    "/api/metrics/{metric_id}/members.csv",
    "/api/metrics/{metric_id}/why",
    "/api/boards",
    "/api/boards/{board_id}",
    "/api/tree",
    "/api/retention",
    "/api/experiments/{experiment_id:path}",
    "/api/segments",
    "/api/facts",
    "/api/reports/at-risk",
    "/api/reports/at-risk.csv",
    "/api/reports/best-vs-churned",
    "/api/funnels",
    "/api/funnels/{funnel_id}",
    "/api/persons/{identifier:path}",
    "/api/events/{message_id:path}",
    "/api/alerts",
    "/api/alerts/backtest",
    "/api/alerts/backtest.svg",
    "/api/alerts/history",
    "/api/alerts/silences",
    "/api/alerts/silences/{silence_id}",
    "/api/alerts/incidents/{alert_id}/acknowledge",
    "/api/alerts/receivers/{name:path}/test",
    "/api/alerts/messages/{webhook_id}/resend",
    "/api/quality",
    "/api/annotations",
    "/api/annotations/{note_id}",
    "/api/decisions",
    "/api/decisions/{note_id}",
    "/api/actions",
    "/api/actions/{note_id}",
    "/api/digest",
    "/api/start",
    "/api/start/preview",
    "/api/start/save",
}
OPEN = {"/healthz", "/readyz", "/live/login"}
PAGES = {
    "/",
    "/live",
    "/boards",
    "/boards/{board_id}",
    "/metrics/{metric_id}",
    "/tree",
    "/customers",
    "/alerts",
    "/digest",
    "/start",
}
BEHIND_PAGES = {"/live/data", "/live/stream", "/static/{path:path}", "/metrics", "/api/docs", "/api/openapi.json"}
BEHIND_PAGES |= {"/boards/{board_id}.svg", "/digest/sections"}

KEYS = {
    "no key": {},
    "unknown key": {"Authorization": "Bearer nonsense"},
    "write key": {"Authorization": f"Bearer {WRITE_KEY}"},
    "write key, Basic": {"Authorization": "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode()},
    "secret key": {"Authorization": f"Bearer {SECRET_KEY}"},
    "secret key, Basic": {"Authorization": "Basic " + base64.b64encode(f"{SECRET_KEY}:".encode()).decode()},
}


def routes_of(app):
    """(path, method) of every route there is."""
    return [
        (route.path, method)
        for route in iter_route_contexts(app.routes)
        for method in route.methods
        if method != "HEAD"
    ]


def expected(path, key, peer):
    """200 stands for anything but a refusal."""
    if path in OPEN or key.startswith("secret key"):
        return 200
    if path not in API and peer is None:
        return 200
    return 403 if key.startswith("write key") and path not in PAGES else 401


def address_of(path):
    samples = {
        "{metric_id}": "dau",
        "{board_id}": "overview",
        "{funnel_id}": "onboarding",
        "{identifier:path}": "ana",
        "{message_id:path}": "m-1",
        "{path:path}": "board.css",
    }
    for name, sample in samples.items():
        path = path.replace(name, sample)
    return path


def test_every_route_belongs_to_a_family(build):
    """A new route must say here who may read it."""
    assert {path for path, _ in routes_of(build())} == API | OPEN | PAGES | BEHIND_PAGES


@pytest.mark.parametrize("peer", [None, ELSEWHERE], ids=["loopback", "elsewhere"])
@pytest.mark.parametrize("key", KEYS)
async def test_every_route_with_every_key(build, client_of, key, peer):
    """The API always needs the secret key, pages and telemetry beyond loopback, health never."""
    app = build()
    await app.state.close_streams()
    headers = KEYS[key] | ({"x-northstream-peer": peer} if peer else {})
    answers = {}
    async with client_of(app, key=None, **headers) as client:
        for path, method in routes_of(app):
            if path != "/live/login":
                status = (await client.request(method, address_of(path))).status_code
                answers[path] = status if status in (401, 403) else 200
    assert answers == {path: expected(path, key, peer) for path in answers}


async def test_a_refusal_has_the_error_form_that_stops_retries(build, client_of):
    """401 says `code` 400 and begins `Invalid API key:`."""
    async with client_of(build(), key="nonsense") as client:
        answer = await client.get("/api/quality")
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (401, 400, "invalid_key")
    assert answer.json()["error"].startswith("Invalid API key:")


@pytest.mark.parametrize(
    ("tcp_peer", "header", "status"),
    [
        (None, None, 200),
        (None, "127.0.0.1", 200),
        (None, "::1", 200),
        (None, "::ffff:127.0.0.1", 200),
        (None, "::ffff:203.0.113.9", 401),
        (None, "203.0.113.9", 401),
        (None, "", 401),
        (None, "127.0.0.1, 203.0.113.9", 401),
        ("203.0.113.9", None, 401),
        ("203.0.113.9", "127.0.0.1", 401),
        ("127.0.0.1", None, 200),
    ],
)
async def test_loopback_is_told_by_the_proxy_on_the_socket_alone(build, client_of, tcp_peer, header, status):
    """A header that arrives over TCP is a claim of the sender and counts for nothing."""
    headers = {} if header is None else {"x-northstream-peer": header}
    async with client_of(build(), key=None, peer=tcp_peer, **headers) as client:
        assert (await client.get("/live/data")).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("board.localhost", 200),
        ("rebound.example.com:8000", 401),
        ("127.0.0.1.example.com", 401),
    ],
)
async def test_a_public_name_for_this_machine_is_not_loopback(build, client_of, host, status):
    """A page elsewhere that points its own name here (DNS rebinding) reads nothing."""
    async with client_of(build(), key=None, Host=host) as client:
        assert (await client.get("/live/data")).status_code == status


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
async def test_whoever_comes_through_a_proxy_is_not_on_loopback(build, client_of, name):
    """A reverse proxy on this machine speaks for others, whatever it says of them."""
    async with client_of(build(), key=None, **{name: "127.0.0.1"}) as client:
        for path in ("/live/data", "/live", "/metrics"):
            assert (await client.get(path)).status_code == 401
        assert (await client.get("/healthz")).status_code == 200


async def test_the_key_opens_a_session_that_does_not_contain_it(build, client_of):
    """HttpOnly, SameSite=Strict, a derived token; the cookie opens the pages but not the API."""
    app = build()
    async with client_of(app, key=None, **{"x-northstream-peer": ELSEWHERE}) as client:
        assert "Secret key" in (await client.get("/live")).text
        answer = await client.post("/live/login?lang=fr", data={"key": SECRET_KEY})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=fr")
        cookie = answer.headers["set-cookie"]
        assert SECRET_KEY not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert (await client.get("/live/data")).status_code == 200
        assert (await client.get("/api/quality")).status_code == 401


@pytest.mark.parametrize(
    ("back", "location"),
    [
        ("/metrics/dau?grain=week", "/metrics/dau?grain=week"),
        ("https://elsewhere.example", "/?lang=en"),
        ("//elsewhere.example", "/?lang=en"),
        ("/\\elsewhere.example", "/?lang=en"),
        ("/\nx", "/?lang=en"),
    ],
)
async def test_after_the_key_comes_the_page_that_was_asked_for(build, client_of, back, location):
    """And never a page of somebody else."""
    async with client_of(build(), key=None, **{"x-northstream-peer": ELSEWHERE}) as client:
        answer = await client.post("/live/login", params={"back": back}, data={"key": SECRET_KEY})
    assert answer.headers["location"] == location


@pytest.mark.parametrize(
    ("path", "status"),
    [("/view/metrics", 200), ("/view/quality", 404), ("/view/persons/ana", 404), ("/view/../api/metrics", 401)],
)
async def test_pages_read_without_a_key_what_they_show(build, client_of, path, status):
    """The door opens the routes that pages need, for viewers; beyond loopback it needs what pages need."""
    async with client_of(build(), key=None) as client:
        assert (await client.get(path)).status_code == status
        beyond = await client.get(path, headers={"x-northstream-peer": ELSEWHERE})
        assert beyond.status_code == (404 if status == 404 else 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "http://localhost"}, 201),
    ],
)
async def test_a_page_of_another_site_writes_nothing(build, client_of, headers, status):
    """On loopback there is no cookie that would stop it; routes that pages do not write stay closed."""
    async with client_of(build(), key=None, **headers) as client:
        assert (await client.post("/view/decisions", json={"course": "kill", "text": "x"})).status_code == status
        silence = {"matchers": [{"name": "alert", "value": "a"}], "until": "tomorrow"}
        assert (await client.post("/view/alerts/silences", json=silence)).status_code == status
        assert (await client.post("/view/metrics")).status_code in (404, 405)


@pytest.mark.parametrize(("key", "status"), [("", 401), ("nonsense", 401), (WRITE_KEY, 403)])
async def test_other_keys_open_nothing(build, client_of, key, status):
    """The form comes back with a word on what was wrong, without the key."""
    async with client_of(build(), key=None, **{"x-northstream-peer": ELSEWHERE}) as client:
        answer = await client.post("/live/login", data={"key": key})
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
    assert "<form" in answer.text
    assert not key or key not in answer.text


async def test_forged_and_expired_sessions_open_nothing(build, client_of):
    """The end of a session is part of what is signed; another secret key ends all of them."""
    moment = [1_795_341_600_000]
    app = build(clock=lambda: moment[0])
    headers = {"x-northstream-peer": ELSEWHERE}
    async with client_of(app, key=None, **headers) as client:
        await client.post("/live/login", data={"key": SECRET_KEY})
        token = client.cookies["northstream_board"]
        end, mac = token.split(".")
        for forged in (f"{int(end) + 1}.{mac}", f"{end}.", f".{mac}", "é.x", f"{end}.{'0' * 64}"):
            answer = await client.get("/live/data", headers={"Cookie": f"northstream_board={forged}".encode()})
            assert answer.status_code == 401
        moment[0] = int(end) * 1000
        assert (await client.get("/live/data")).status_code == 401
    async with client_of(build(secret_keys=["another"]), key=None, **headers) as client:
        assert (await client.get("/live/data", headers={"Cookie": f"northstream_board={token}"})).status_code == 401


async def test_a_login_larger_than_any_key_is_refused(build, client_of):
    """413 before it is read whole."""
    async with client_of(build(), key=None) as client:
        assert (await client.post("/live/login", content=b"key=" + b"x" * 10_000)).status_code == 413


def test_without_a_secret_key_there_is_no_application(build):
    """An installation that anybody could read would be a mistake in the wiring."""
    with pytest.raises(ValueError, match="secret key"):
        build(secret_keys=[""])


async def test_pages_and_files_carry_a_strict_policy(build, client_of):
    """No script but our own files, no frame, no guessing of types; paths never leave the folder."""
    async with client_of(build(), key=None) as client:
        page = await client.get("/live")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        file = await client.get("/static/board.css")
        assert file.headers["content-type"] == "text/css; charset=utf-8"
        again = await client.get("/static/board.css", headers={"If-None-Match": file.headers["etag"]})
        assert again.status_code == 304
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static/none.js"):
            assert (await client.get(path)).status_code == 404


async def test_pages_answer_head(build, client_of):
    """Monitors and link checkers ask by HEAD; it is 200 without a body, and refused where GET is."""
    app = build()
    async with client_of(app, key=None) as client:
        for path in ("/", "/live", "/live/data", "/static/board.css"):
            assert (await client.head(path)).status_code == 200
    async with client_of(app, key=None, **{"x-northstream-peer": ELSEWHERE}) as client:
        assert (await client.head("/live")).status_code == 401


async def test_the_engine_serves_it_on_a_unix_socket(build, serve_on_socket):
    """Over the real socket the framework knows no client, and the header decides."""
    path = serve_on_socket(build())
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path), base_url="http://localhost") as client:
        assert (await client.get("/live/data")).status_code == 200
        far = {"x-northstream-peer": ELSEWHERE}
        assert (await client.get("/live/data", headers=far)).status_code == 401
