"""Backtests over HTTP: who may ask, what is refused with which sentence, and the two forms of the answer."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from dashboard.access import Access
from dashboard.backtest_routes import BacktestContext, backtest_routes
from dashboard.backtest_shapes import BacktestReport
from dashboard.failures import answer_failures
from dashboard.reading import Reader
from schemas.backtests import Backtest, Mark, NoBacktest, PastIncident, Suggestion
from schemas.calendar import DAY_MS

KEY = "sk_test_5d1f"
T0 = 1_795_341_600_000


class Past:
    """Judges one rule of one past; everything else is refused as the real one does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []

    def run(self, rule: str, days: int, condition: str = "") -> Backtest:
        self.asked.append((rule, days, condition))
        if rule != "été/Trop":
            raise NoBacktest(f'there is no alert "{rule}"; did you mean "été/Trop"?', is_unknown=True)
        if condition == "a lot":
            raise NoBacktest('"a lot" is no condition; write it like "> 30"')
        return Backtest(
            rule=rule,
            subject="signups",
            condition=condition or "> 20",
            threshold=20.0,
            bucket="running",
            severity="critical",
            timezone="Europe/Paris",
            from_ms=T0,
            to_ms=T0 + 7 * DAY_MS,
            steps="hour",
            limits=("known_now", "hours"),
            incidents=(PastIncident(T0 + DAY_MS, None, 21.0, 30.0),),
            flaps=0,
            seconds_firing=6 * 86_400.0,
            median_seconds=6 * 86_400.0,
            share_firing=6 / 7,
            buckets=8,
            buckets_without_data=1,
            most_in_30_days=1,
            noise_budget=0,
            suggestions=(Suggestion(30.0, "> 30", 0, 0.0),),
            series=[Mark(T0, None), Mark(T0 + DAY_MS, 30.0)],
        )


@pytest.fixture
def past() -> Past:
    return Past()


@pytest.fixture
async def client(past: Past) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url=None)
    answer_failures(app)
    workspace = SimpleNamespace(language="fr", currency="EUR")
    context = BacktestContext(past, Reader(), workspace)  # type: ignore[arg-type]
    app.include_router(backtest_routes(context, Access([KEY], ["wk"], lambda: T0)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as opened:
        yield opened


async def test_the_answer_has_its_documented_shape_in_the_language_asked_for(
    client: httpx.AsyncClient, past: Past
) -> None:
    """Ninety days unless told otherwise; sentences in the workspace's language, or another."""
    found = (await client.get("/api/alerts/backtest", params={"rule": "été/Trop"})).json()
    report = BacktestReport.model_validate(found)
    assert past.asked == [("été/Trop", 90, "")]
    assert (report.incidents[0].ended_at, report.incidents[0].duration_seconds) == (None, 6 * 86_400)
    assert report.over_budget
    assert report.incidents_per_week == 1
    assert "par semaine" in report.summary[0]
    asked = {"rule": "été/Trop", "days": 7, "condition": "> 3", "lang": "en"}
    tried = BacktestReport.model_validate((await client.get("/api/alerts/backtest", params=asked)).json())
    assert past.asked[-1] == ("été/Trop", 7, "> 3")
    assert (tried.condition, tried.summary[0]) == ("> 3", "1 incident (1.0 a week)")


async def test_the_picture_is_svg_that_runs_nothing(client: httpx.AsyncClient) -> None:
    """Its policy forbids everything that a hostile name might bring along."""
    answer = await client.get("/api/alerts/backtest.svg", params={"rule": "été/Trop"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<svg")


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"rule": "Tro"}, 404, 'did you mean "été/Trop"?'),
        ({"rule": "été/Trop", "condition": "a lot"}, 422, "is no condition"),
        ({"rule": "été/Trop", "days": 401}, 422, "days"),
        ({"rule": "été/Trop", "day": 4}, 422, "day"),
        ({}, 422, "rule"),
    ],
)
async def test_what_cannot_be_answered_is_said(
    client: httpx.AsyncClient, asked: dict[str, str], status: int, words: str
) -> None:
    for path in ("/api/alerts/backtest", "/api/alerts/backtest.svg"):
        answer = await client.get(path, params=asked)
        assert answer.status_code == status
        assert words in answer.json()["message"]


async def test_only_the_secret_key_asks(client: httpx.AsyncClient) -> None:
    """A write key may only send."""
    for key, status in (("wk", 403), ("", 401)):
        headers = {"Authorization": f"Bearer {key}"}
        answer = await client.get("/api/alerts/backtest", params={"rule": "été/Trop"}, headers=headers)
        assert answer.status_code == status
