"""The read API answers in exactly the shapes of its contract, whatever is asked."""

import asyncio
import threading
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from dashboard import alert_shapes, catalogue_shapes, shapes
from dashboard.reading import THREADS
from schemas.reading import Completeness, PersonReport, Quality, RestatedDay

TODAY = date(2026, 11, 22)
SECRET_KEY = "sk_test_5d1f"


def values(answer):
    return {point["bucket"]: point["value"] for point in answer.json()["points"]}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/metrics", catalogue_shapes.Catalogue),
        ("/api/metrics/dau", catalogue_shapes.MetricSeries),
        ("/api/metrics/activation_rate?grain=month", catalogue_shapes.MetricSeries),
        ("/api/funnels", shapes.FunnelList),
        ("/api/funnels/onboarding", shapes.FunnelReport),
        ("/api/alerts", alert_shapes.Alerts),
        ("/api/alerts/history", alert_shapes.Incidents),
        ("/api/alerts/silences", alert_shapes.Silences),
        ("/api/quality", shapes.QualityReport),
    ],
)
async def test_every_answer_has_exactly_the_documented_keys(ask, path, shape):
    """What /api/docs shows is what is sent."""
    answer = await ask(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    shape.model_validate(answer.json())


async def test_every_day_of_the_range_has_a_point(ask, reports):
    """Counts are 0 and rates null where there is nothing."""
    counts = await ask("/api/metrics/dau", **{"from": "2026-07-30", "to": "2026-08-02"})
    assert list(values(counts)) == ["2026-07-30", "2026-07-31", "2026-08-01", "2026-08-02"]
    assert values(counts)["2026-07-30"] == 0.0
    rates = await ask("/api/metrics/stickiness", **{"from": "2026-07-31", "to": "2026-07-31"})
    assert values(rates) == {"2026-07-31": None}


async def test_without_dates_the_last_thirty_days_are_shown(ask):
    """The default range ends today."""
    answer = await ask("/api/metrics/dau")
    points = answer.json()["points"]
    assert (len(points), points[0]["bucket"], points[-1]["bucket"]) == (30, "2026-10-24", "2026-11-22")


async def test_weeks_start_on_monday_and_are_always_whole(ask, reports):
    """A sum must not depend on where the question begins; actives take the last day."""
    signups, dau = reports.counters["signups"], reports.counters["dau"]
    monday = date(2026, 11, 9)
    week = [monday + timedelta(days=n) for n in range(7)]
    sums = await ask("/api/metrics/signups", **{"from": "2026-11-11", "to": "2026-11-12", "grain": "week"})
    assert values(sums) == {"2026-11-09": float(sum(signups[day] for day in week))}
    actives = await ask("/api/metrics/dau", **{"from": "2026-11-11", "to": "2026-11-12", "grain": "week"})
    assert values(actives) == {"2026-11-09": float(dau[week[-1]])}


async def test_a_running_month_takes_the_value_of_today(ask, reports):
    """Actives of a bucket that is not over are those of now, and it is not settled."""
    answer = await ask("/api/metrics/mau", **{"from": "2026-11-01", "to": "2026-11-22", "grain": "month"})
    (point,) = answer.json()["points"]
    assert point["value"] == float(reports.counters["mau"][TODAY])
    assert point["settled"] is False


async def test_days_after_today_show_nothing(ask, reports):
    """A rolling window reaches ahead; nobody shows that."""
    tomorrow = TODAY + timedelta(days=1)
    reports.counters["wau"][tomorrow] = 99
    answer = await ask("/api/metrics/wau", **{"from": str(tomorrow), "to": str(tomorrow)})
    assert values(answer) == {str(tomorrow): 0.0}


async def test_a_rate_of_a_month_comes_from_sums(ask, reports):
    """Not the mean of daily rates."""
    answer = await ask("/api/metrics/activation_rate", **{"from": "2026-09-01", "to": "2026-09-30", "grain": "month"})
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(30)]
    activated, signups = (sum(reports.counters[name][day] for day in days) for name in ("activated", "signups"))
    assert values(answer) == {"2026-09-01": activated / signups}


async def test_a_day_is_settled_once_completeness_has_passed_its_end(ask, reports):
    """`settled` needs both: the day is over, and all that was received until its end is counted."""
    day = {"from": "2026-11-20", "to": "2026-11-22"}

    async def settled():
        return [point["settled"] for point in (await ask("/api/metrics/dau", **day)).json()["points"]]

    assert await settled() == [True, True, False]
    end_of_20th = 1_795_219_200_000
    reports.totals = Quality(1, 0, 0, 0, 0, Completeness(5, end_of_20th))
    assert await settled() == [True, False, False]
    reports.totals = Quality(1, 0, 0, 0, 0, Completeness(5, end_of_20th - 1))
    assert await settled() == [False, False, False]
    reports.totals = Quality(0, 0, 0, 0, 0, Completeness(0, None))
    assert await settled() == [False, False, False]


async def test_a_restated_day_is_marked_in_every_metric_made_from_it(ask):
    """Stickiness of a day whose DAU moved is restated too; the week of that day is not, its last day did not move."""
    day = {"from": "2026-11-19", "to": "2026-11-20"}
    for metric in ("dau", "stickiness"):
        points = (await ask(f"/api/metrics/{metric}", **day)).json()["points"]
        assert [point["restated"] for point in points] == [True, False]
    (week,) = (await ask("/api/metrics/dau", **day, grain="week")).json()["points"]
    assert week["restated"] is False
    (week,) = (await ask("/api/metrics/signups", **{"from": "2026-11-13", "to": "2026-11-13"})).json()["points"]
    assert week["restated"] is True


async def test_as_first_published_undoes_every_restatement(ask, reports):
    """What a day was before all of its changes is what was seen first."""
    day = TODAY - timedelta(days=3)
    reports.changes = [RestatedDay("dau", day, 1190, 1181, 2, "merge", "m-1", 5)]
    first = await ask("/api/metrics/dau", **{"from": str(day), "to": str(day), "as_of": "first"})
    assert values(first) == {str(day): 1190.0}
    now = await ask("/api/metrics/dau", **{"from": str(day), "to": str(day)})
    assert values(now) == {str(day): float(reports.counters["dau"][day])}


async def test_thresholds_give_a_day_its_colour(ask, reports):
    """The default workspace: stickiness is orange from 15 % down and red from 10 % down."""
    reports.counters["mau"] = {TODAY - timedelta(days=n): 100 for n in range(4)}
    reports.counters["dau"] = dict(zip(reports.counters["mau"], (20, 15, 10, 0), strict=True))
    answer = await ask("/api/metrics/stickiness", **{"from": "2026-11-18", "to": "2026-11-22"})
    assert [point["status"] for point in answer.json()["points"]] == ["none", "red", "red", "orange", "green"]


async def test_a_funnel_counts_entries_by_day_and_persons_over_the_range(ask, reports):
    """Sums of days for entries; persons are distinct; a median has no meaning for the first step."""
    answer = (await ask("/api/funnels/onboarding", **{"from": "2026-11-01", "to": "2026-11-10"})).json()
    shapes.FunnelReport.model_validate(answer)
    assert (answer["funnel"], answer["window_seconds"], len(answer["by_day"])) == ("onboarding", 604_800, 10)
    first, second = answer["steps"][:2]
    assert first["entries"] == sum(day["entries"][0] for day in answer["by_day"])
    assert (first["name"], first["persons"], first["conversion_from_first"]) == ("Pricing Viewed", 4310, 1.0)
    assert first["conversion_from_previous"] is None
    assert first["median_seconds_from_previous"] is None
    assert second["conversion_from_previous"] == second["entries"] / first["entries"]
    assert second["median_seconds_from_previous"] == 412.0


async def test_entry_days_are_in_progress_while_a_window_may_be_open(ask):
    """The window of 7 days that starts at the last instant of a day decides."""
    answer = (await ask("/api/funnels/onboarding", **{"from": "2026-11-14", "to": "2026-11-16"})).json()
    assert [day["in_progress"] for day in answer["by_day"]] == [False, True, True]


async def test_conversions_over_nothing_are_null(ask, reports):
    """No division by zero, no invented 0 %."""
    reports.counters.clear()
    steps = (await ask("/api/funnels/onboarding")).json()["steps"]
    assert {(step["entries"], step["conversion_from_first"], step["conversion_from_previous"]) for step in steps} == {
        (0, None, None)
    }


async def test_a_person_is_found_by_an_id_with_any_character(ask, reports):
    """Ids are strings byte for byte, slashes and all."""
    reports.persons["team/ana ?é"] = PersonReport(
        "u:ana",
        ["ana", "team/ana ?é"],
        ["d-1"],
        1_795_000_000_000,
        1_795_300_000_123,
        9,
        None,
        None,
        {"role": "pm"},
        [],
        [{"kind": "many_ids", "message_id": "m", "subject": "u:ana", "detail": "120 ids", "at_ms": 1_795_300_000_123}],
    )
    answer = await ask("/api/persons/team%2Fana%20%3F%C3%A9")
    assert answer.status_code == 200
    shapes.Person.model_validate(answer.json())
    assert answer.json()["last_seen"] == "2026-11-21T22:26:40.123Z"
    assert answer.json()["signed_up_at"] is None
    assert answer.json()["warnings"][0]["at"] == "2026-11-21T22:26:40.123Z"


async def test_an_event_is_given_as_it_is_stored(ask, reports):
    """Instants in whatever form the warehouse has them become ISO 8601 in UTC."""
    received = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    reports.stored["m/1"] = {"message_id": "m/1", "received_at": received, "copies": 2}
    answer = await ask("/api/events/m/1")
    assert answer.json() == {"message_id": "m/1", "received_at": "2026-11-22T09:00:00Z", "copies": 2}


async def test_instants_of_stored_rows_are_iso(ask, reports):
    """No integer milliseconds leave the API: `…_ms` becomes `…_at`, an absent time stays null."""
    warning = {"kind": "k", "subject": "u:ana", "detail": "", "at_ms": 1_795_300_000_123}
    reports.stored["m2"] = {"occurred_ms": 1_795_300_000_123, "sent_ms": None, "seq": 7, "warnings": [warning]}
    at = "2026-11-21T22:26:40.123Z"
    assert (await ask("/api/events/m2")).json() == {
        "occurred_at": at,
        "sent_at": None,
        "seq": 7,
        "warnings": [{"kind": "k", "subject": "u:ana", "detail": "", "at": at}],
    }
    reports.write_alert_log([{"kind": "transition", "at_ms": 1_795_300_000_123}])
    assert (await ask("/api/alerts")).json()["log"][0] == {"kind": "transition", "at": at}


@pytest.mark.parametrize(
    "path", ["/api/metrics/daus", "/api/funnels/x", "/api/persons/nobody", "/api/events/none", "/api/nothing", "/x"]
)
async def test_what_is_unknown_is_404_in_the_error_form(ask, path):
    """One error form for every route."""
    answer = await ask(path)
    assert answer.status_code == 404
    form = shapes.ErrorForm.model_validate(answer.json())
    assert (form.code, form.reason) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/metrics/dau", {"from": "yesterday"}),
        ("/api/metrics/dau", {"from": "2026-02-30"}),
        ("/api/metrics/dau", {"from": "20261101"}),
        ("/api/metrics/dau", {"from": "0001-01-01", "to": "0001-01-02"}),
        ("/api/metrics/dau", {"to": "9999-12-31", "from": "9999-12-31"}),
        ("/api/metrics/dau", {"from": "2026-11-02", "to": "2026-11-01"}),
        ("/api/metrics/dau", {"from": "2024-01-01", "to": "2026-11-01"}),
        ("/api/metrics/dau", {"grain": "hour"}),
        ("/api/metrics/dau", {"as_of": "yesterday"}),
        ("/api/metrics/dau", {"segment": "shoe_size"}),
        ("/api/metrics/dau", {"segment": "plan,country"}),
        ("/api/metrics/dau", {"segment": "plan,"}),
        ("/api/metrics/mrr", {"as_of": "first"}),
        ("/api/metrics/dau", {"form": "2026-11-01"}),
        ("/api/funnels/onboarding", {"from": ""}),
        ("/api/quality", {"from": "2026-11-01"}),
    ],
)
async def test_bad_parameters_are_422_and_name_the_parameter(ask, path, parameters):
    """A misspelt parameter must not silently become another question."""
    answer = await ask(path, **parameters)
    assert answer.status_code == 422
    form = shapes.ErrorForm.model_validate(answer.json())
    assert form.reason == "invalid_parameter"
    assert any(name in form.message for name in parameters)


async def test_a_repeated_parameter_is_422(ask):
    """Which of the two is meant nobody can tell."""
    answer = await ask("/api/metrics/dau", **{"from": ["2026-11-01", "2026-11-02"]})
    assert (answer.status_code, answer.json()["message"]) == (422, "from: given more than once")


async def test_a_cohort_has_no_colour_while_it_matures(ask, reports):
    """Low for its age alone: the day's window of 7 days, from its last instant, must be over."""
    for name, count in (("signups", 10), ("activated", 0)):
        reports.counters[name] = {TODAY - timedelta(days=ago): count for ago in range(20)}
    answer = await ask("/api/metrics/activation_rate", **{"from": "2026-11-13", "to": "2026-11-22"})
    statuses = [point["status"] for point in answer.json()["points"]]
    assert statuses[-8:] == ["none"] * 8
    assert "none" not in statuses[:-8]


async def test_ranges_of_800_days_are_answered(ask):
    """The longest that is allowed."""
    answer = await ask("/api/metrics/dau", **{"from": "2024-09-14", "to": "2026-11-22"})
    assert len(answer.json()["points"]) == 800


async def test_a_read_waits_for_a_warehouse_that_restarts(build, client_of, reports):
    """While the engine restarts a read is late, not wrong."""
    reports.away = True
    async with client_of(build(patience_seconds=5.0)) as client:
        asyncio.get_running_loop().call_later(0.2, lambda: setattr(reports, "away", False))
        answer = await client.get("/api/quality")
    assert answer.status_code == 200


async def test_a_read_gives_up_with_retry_after(ask, reports):
    """503 in the error form, with whole seconds to wait."""
    reports.away = True
    answer = await ask("/api/metrics/dau")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert shapes.ErrorForm.model_validate(answer.json()).reason == "unavailable"


async def test_a_defect_is_500_in_the_error_form_and_tells_no_insides(build, reports):
    """Nobody outside learns what broke; the log does."""

    def broken():
        raise RuntimeError("secret detail")

    reports.quality = broken
    transport = httpx.ASGITransport(build(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/quality", headers={"Authorization": f"Bearer {SECRET_KEY}"})
    assert answer.status_code == 500
    assert shapes.ErrorForm.model_validate(answer.json()).reason == "internal_error"
    assert "secret detail" not in answer.text


async def test_ready_only_when_every_check_holds(build, client_of):
    """/readyz is 200 only if the log is writable and the engine answers."""
    checks = {"log": True, "warehouse": False}
    async with client_of(build(readiness=lambda: checks), key=None) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "checks": checks})
        checks["warehouse"] = True
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_readiness_waits_for_no_question(build, client_of, reports, monkeypatch):
    """However many slow questions are under way, whether all is well is told."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow():
        begun.release()
        go_on.wait(30)
        return reports.totals

    monkeypatch.setattr(reports, "quality", slow)
    async with client_of(build()) as client, asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(client.get("/api/quality")) for _ in range(THREADS + 1)]
        for _ in range(THREADS):
            await asyncio.to_thread(begun.acquire)
        assert (await client.get("/readyz")).status_code == 200
        assert not any(answer.done() for answer in answers)
        go_on.set()


async def test_telemetry_is_prometheus_text(ask):
    """Scrapers look at the content type."""
    answer = await ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "northstream_up 1" in answer.text
