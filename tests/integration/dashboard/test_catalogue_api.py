"""The read API over the whole catalogue: series, segments, files, boards, tree, cohorts, facts, reports."""

import csv
import io

import pytest

from dashboard import board_shapes, catalogue_shapes, report_shapes, shapes
from dashboard.alert_routes import AlertSources
from schemas.measuring import VariantOutcome

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-10"}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/metrics", catalogue_shapes.Catalogue),
        ("/api/metrics/mrr", catalogue_shapes.MetricSeries),
        ("/api/metrics/mrr?segment=channel&grain=week", catalogue_shapes.MetricSeries),
        ("/api/metrics/dau?segment=channel:ads", catalogue_shapes.MetricSeries),
        ("/api/metrics/mrr/members", catalogue_shapes.Members),
        ("/api/metrics/mrr/why", catalogue_shapes.Why),
        ("/api/funnels/onboarding?segment=channel", shapes.FunnelReport),
        ("/api/funnels/onboarding?segment=channel:ads", shapes.FunnelReport),
        ("/api/retention", board_shapes.Cohorts),
        ("/api/retention?subject=customer&period=week&periods=4", board_shapes.Cohorts),
        ("/api/tree", board_shapes.Tree),
        ("/api/boards", board_shapes.BoardList),
        ("/api/boards/overview", board_shapes.Board),
        ("/api/boards/exec?lang=fr&days=7&to=2026-11-20&grain=week&segment=channel:ads", board_shapes.Board),
        ("/api/segments", report_shapes.SegmentList),
        ("/api/facts?fact=spend", report_shapes.FactList),
        ("/api/experiments/any?conversion=Subscription%20Started", report_shapes.ExperimentReport),
        ("/api/reports/at-risk", report_shapes.AtRiskReport),
        ("/api/reports/best-vs-churned", report_shapes.BestAndChurnedReport),
    ],
)
async def test_every_answer_has_the_documented_shape(ask, path, shape):
    """What /api/docs shows is what is sent."""
    answer = await ask(path)
    assert answer.status_code == 200, answer.text
    shape.model_validate(answer.json())


async def test_every_board_of_the_default_workspace_is_whole(build, client_of, measures):
    """No card of any board fails, and each has exactly the documented keys."""
    async with client_of(build()) as client:
        answers = {board: (await client.get(f"/api/boards/{board}")).json() for board in measures.catalogue().boards}
    for board, answer in answers.items():
        board_shapes.Board.model_validate(answer)
        cards = [card for section in answer["sections"] for card in section["cards"]]
        assert cards or answer["experiment"], board
        assert [card for card in cards if card["error"]] == []


async def test_every_get_has_an_etag_and_answers_304(build, client_of):
    """A reader that has just this answer is not sent it again; nobody on the way keeps it."""
    async with client_of(build()) as client:
        first = await client.get("/api/metrics/mrr", params=NOVEMBER)
        etag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for given in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
            again = await client.get("/api/metrics/mrr", params=NOVEMBER, headers={"If-None-Match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        other = await client.get("/api/metrics/mrr", headers={"If-None-Match": etag})
        assert other.status_code == 200
        file = await client.get("/api/metrics/mrr.csv", params=NOVEMBER)
        assert file.headers["etag"] != etag
        missing = await client.get("/api/metrics/none", headers={"If-None-Match": "*"})
        assert (missing.status_code, "etag" in missing.headers) == (404, False)


async def test_fresher_by_a_moment_is_no_change_but_by_more_is(build, client_of, measures):
    """`complete_through` moves all the time: within the same ten seconds a reader need not be sent everything again."""
    async with client_of(build()) as client:
        etags = []
        for moved_ms in (0, 1_500, 9_000):
            measures.through_ms = 1_795_341_591_000 + moved_ms
            answer = await client.get("/api/metrics/mrr", params=NOVEMBER)
            etags.append((answer.headers["etag"], answer.json()["complete_through"]))
    assert (etags[0][0] == etags[1][0], etags[0][1] == etags[1][1]) == (True, False)
    assert etags[0][0] != etags[2][0]


async def test_a_streamed_metric_is_read_from_its_counters(ask, measures):
    """So that everything acknowledged before `lag_events` = 0 is in the answer; segments of it are measured."""
    measures.broken.add("dau")
    assert (await ask("/api/metrics/dau")).status_code == 200
    split = await ask("/api/metrics/dau", segment="channel")
    assert (split.status_code, split.json()["reason"]) == (409, "not_computable")


async def test_a_metric_that_cannot_be_computed_says_why(ask, measures):
    """409 by itself; on a board its card says so and the others stand."""
    measures.broken.add("mrr")
    answer = await ask("/api/metrics/mrr")
    shapes.ErrorForm.model_validate(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (409, "mrr: division of a name by nothing")
    board = (await ask("/api/boards/exec")).json()
    board_shapes.Board.model_validate(board)
    cards = [card for section in board["sections"] for card in section["cards"] if "metric" in card]
    assert {card["metric"] for card in cards if card["error"]} == {"mrr"}


async def test_a_split_has_the_largest_segments_and_unites_the_others(ask):
    """Null is a segment of its own; rates are the same in each, so only their weights differ."""
    answer = (await ask("/api/metrics/signups", **NOVEMBER, segment="channel", top="2")).json()
    assert [(one["value"], one["others"]) for one in answer["segments"]] == [
        ("ads", False),
        ("search", False),
        ("…others", True),
    ]
    whole = answer["points"][0]["value"]
    assert sum(one["points"][0]["value"] for one in answer["segments"]) == pytest.approx(whole)
    nobody = (await ask("/api/metrics/signups", **NOVEMBER, segment="channel:")).json()
    assert nobody["points"][0]["value"] == pytest.approx(whole * 0.2)


async def test_a_part_of_a_whole_has_no_colour_and_a_rate_of_it_has(ask):
    """The target of all visitors says nothing of one channel's; that of a conversion does."""

    async def found(metric, **given):
        answer = (await ask(f"/api/metrics/{metric}", grain="month", **NOVEMBER, **given)).json()
        segments = answer.get("segments", [])
        return {point["status"] != "none" for one in (answer, *segments[:1]) for point in one["points"]}

    assert await found("mrr") == {True}
    assert await found("mrr", segment="channel:ads") == {False}
    assert await found("mrr", segment="channel") == {True, False}
    assert await found("stickiness", segment="channel") == {True}
    board = (await ask("/api/boards/exec", segment="channel:ads")).json()
    cards = {card["metric"]: card for section in board["sections"] for card in section["cards"] if "metric" in card}
    assert (cards["mrr"]["target"], cards["mrr"]["status"]) == (None, "none")
    assert cards["ltv_to_cac"]["target"] is not None


async def test_a_series_as_a_file_has_one_row_a_bucket(ask):
    """RFC 4180: a spreadsheet reads it as it is; a split has one row a bucket and segment."""
    answer = await ask("/api/metrics/mrr.csv", **NOVEMBER)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    points = (await ask("/api/metrics/mrr", **NOVEMBER)).json()["points"]
    assert [(row["bucket"], float(row["value"])) for row in rows] == [(one["bucket"], one["value"]) for one in points]
    split = await ask("/api/metrics/mrr.csv", **NOVEMBER, segment="channel")
    assert len(list(csv.DictReader(io.StringIO(split.text, newline="")))) == 4 * len(rows)


async def test_members_are_paged_and_a_file_runs_no_formula(ask):
    """`next` goes on where the page ended; an id that begins like a formula becomes a text."""
    first = (await ask("/api/metrics/mrr/members", limit="200")).json()
    last = (await ask("/api/metrics/mrr/members", limit="200", offset=str(first["next"]))).json()
    assert (len(first["members"]), first["next"], len(last["members"]), last["next"]) == (200, 200, 50, None)
    rows = list(csv.DictReader(io.StringIO((await ask("/api/metrics/mrr/members.csv")).text, newline="")))
    assert (rows[0]["id"], rows[0]["channel"], rows[0]["plan"]) == ("'=cmd|' /C calc'!A0", "'@ads", "team, large")
    assert len(rows) == 250


async def test_why_compares_with_the_period_before_unless_told_otherwise(ask):
    """The shares of each list add up to the change."""
    answer = (await ask("/api/metrics/mrr/why", **NOVEMBER)).json()
    assert (answer["previous_from"], answer["previous_to"]) == ("2026-10-22", "2026-10-31")
    for shares in (answer["inputs"], *answer["segments"].values()):
        assert sum(share["share"] for share in shares) == pytest.approx(answer["change"])
    other = await ask("/api/metrics/mrr/why", **NOVEMBER, previous_from="2026-09-01", previous_to="2026-09-10")
    assert (other.json()["previous_from"], other.json()["previous_to"]) == ("2026-09-01", "2026-09-10")
    wrong = await ask("/api/metrics/mrr/why", **NOVEMBER, previous_from="x")
    assert (wrong.status_code, "previous_from" in wrong.json()["message"]) == (422, True)


async def test_the_catalogue_is_paged_and_speaks_one_language_if_asked(ask, measures):
    """Whole by default; with `lang` each text is one, in English where it is not translated."""
    whole = (await ask("/api/metrics")).json()
    assert (len(whole["metrics"]), whole["next"]) == (len(measures.catalogue().metrics), None)
    page = (await ask("/api/metrics", limit="10", offset="5", lang="fr")).json()
    catalogue_shapes.Catalogue.model_validate(page)
    assert page["next"] == 15
    assert [one["metric"] for one in page["metrics"]] == [one["metric"] for one in whole["metrics"][5:15]]
    assert page["metrics"][0]["label"] == whole["metrics"][5]["label"]["fr"]
    series = (await ask("/api/metrics/mrr", lang="fr")).json()
    catalogue_shapes.MetricSeries.model_validate(series)
    assert series["label"] == measures.catalogue().metrics["mrr"].label["fr"]


async def test_a_board_speaks_the_language_that_is_asked_for(ask):
    """One text where one is given; the workspace's language otherwise."""
    labels = [(await ask("/api/boards/overview", **given)).json()["label"] for given in ({}, {"lang": "fr"})]
    assert len(set(labels)) == 2
    assert (await ask("/api/boards/overview", lang="de")).status_code == 422


async def test_a_boards_period_ends_today_unless_asked_and_is_compared_with_two_others(ask):
    """All of it in the address, so that a link shares it."""
    period = (await ask("/api/boards/overview")).json()["period"]
    assert period["to"] == "2026-11-22"
    asked = (await ask("/api/boards/overview", to="2026-11-15", days="7", grain="week")).json()["period"]
    assert asked == {
        "from": "2026-11-09",
        "to": "2026-11-15",
        "grain": "week",
        "previous": {"from": "2026-11-02", "to": "2026-11-08"},
        "last_year": {"from": "2025-11-09", "to": "2025-11-15"},
    }


async def test_an_exec_board_shows_the_three_most_critical_alerts(build, client_of):
    """Severity first, then whatever fires longest; how many there are is said."""
    alerts = [
        {"alert": name, "state": state, "severity": severity, "started_at": at}
        for name, state, severity, at in (
            ("info", "firing", "info", "2026-11-01"),
            ("old", "firing", "critical", "2026-11-02"),
            ("new", "firing", "critical", "2026-11-03"),
            ("calm", "inactive", "critical", None),
            ("warn", "firing", "warning", "2026-11-01"),
        )
    ]
    async with client_of(build(alerts=AlertSources(lambda: alerts))) as client:
        board = (await client.get("/api/boards/exec")).json()
    (card,) = [card for section in board["sections"] for card in section["cards"] if card["kind"] == "alerts"]
    assert [alert["alert"] for alert in card["data"]["alerts"]] == ["old", "new", "warn"]
    assert card["data"]["firing"] == 4


async def test_cohorts_mark_what_is_running_and_leave_out_what_has_not_begun(ask):
    """By default the last twelve months; customers by the month of their first payment."""
    table = (await ask("/api/retention", subject="customer")).json()
    assert (len(table["cohorts"]), len(table["cohorts"][0]["cells"]), table["from"]) == (12, 13, "2025-12-01")
    assert len((await ask("/api/retention", periods="60")).json()["cohorts"]) == 60
    newest = table["cohorts"][-1]["cells"]
    assert newest[0]["running"] is True
    assert newest[1] == {"period": 1, "count": None, "rate": None, "running": False}


async def test_an_experiment_is_that_of_its_board_or_of_the_conversion_named(ask, measures):
    """Variants with uplift, interval and verdict; an experiment that no board knows needs its conversion."""
    measures.outcomes = [VariantOutcome("control", 1000, 100), VariantOutcome("guided", 1000, 150)]
    report = (await ask("/api/experiments/onboarding")).json()
    report_shapes.ExperimentReport.model_validate(report)
    assert (report["conversion"], report["control"], report["verdict"]) == ("Setup Completed", "control", "scale")
    uplift = report["variants"][1]["uplift"]
    assert uplift["points"] == pytest.approx(5.0)
    assert uplift["interval_points"] == [pytest.approx(2.1, abs=0.05), pytest.approx(7.9, abs=0.05)]
    assert (await ask("/api/experiments/unknown")).status_code == 404
    board = (await ask("/api/boards/experiment-onboarding")).json()
    assert board["experiment"]["verdict"] == "scale"


async def test_facts_are_stored_whole_or_not_at_all(build, client_of, measures):
    """Every problem at once; money keeps its digits; what is no JSON is refused."""
    async with client_of(build()) as client:
        row = {"fact": "spend", "date": "2026-11-01", "value": "1250.10", "category": "marketing"}
        wrong = await client.post("/api/facts", json={"facts": [row, row | {"date": "1 Nov"}, row | {"value": "x"}]})
        assert wrong.status_code == 422
        assert "row 2, date" in wrong.json()["message"]
        assert "row 3, value" in wrong.json()["message"]
        assert measures.stored == []
        good = await client.post("/api/facts", content=b'{"facts": [{"fact":"cash","date":"2026-11-02","value":0.1}]}')
        assert good.status_code == 422, "sent without saying that it is JSON"
        headers = {"Content-Type": "application/json"}
        body = b'{"facts": [{"fact":"cash","date":"2026-11-02","value":12345678901234.01}]}'
        good = await client.post("/api/facts", content=body, headers=headers)
        assert good.json() == {"success": True, "received": 1, "changed": 1}
        assert str(measures.stored[0].value) == "12345678901234.01"
        for content in (b"{", b'{"facts": [{"fact":"cash","date":"2026-11-02","value":NaN}]}', b"[" * 100_000):
            assert (await client.post("/api/facts", content=content, headers=headers)).status_code == 422
        far = await client.post("/api/facts", json={"facts": [row | {"date": "2099-01-01"}]})
        assert (far.status_code, "row 1, date" in far.json()["message"]) == (422, True)
        large = await client.post("/api/facts", content=b" " * 500_001, headers=headers)
        assert large.status_code == 413
        listed = (await client.get("/api/facts", params={"fact": "cash"})).json()
        assert [(fact["date"], fact["next"]) for fact in [listed["facts"][0] | {"next": listed["next"]}]] == [
            ("2026-11-02", None)
        ]


async def test_reports_name_owners_and_rank_differences(ask):
    """An account without an owner of its own belongs to the metric's; the largest difference first."""
    risk = (await ask("/api/reports/at-risk", limit="2")).json()
    assert (len(risk["customers"]), risk["next"], risk["day"]) == (2, 2, "2026-11-22")
    assert all(customer["owner"] for customer in risk["customers"])
    assert risk["customers"][1]["reasons"] == ["idle"]
    rows = list(csv.DictReader(io.StringIO((await ask("/api/reports/at-risk.csv")).text, newline="")))
    assert (rows[0]["account"], rows[1]["reasons"], len(rows)) == ("'=cmd|' /C calc'!A0", "idle", 250)
    contrast = (await ask("/api/reports/best-vs-churned")).json()
    assert [action["event"] for action in contrast["actions"]] == ["Report Shared", "Task Completed"]
    assert contrast["actions"][0]["difference_points"] == pytest.approx(65.0)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/boards/overview", {"segment": "channel"}),
        ("/api/boards/overview", {"segment": "shoe_size:42"}),
        ("/api/boards/overview", {"days": "0"}),
        ("/api/boards/overview", {"days": "801"}),
        ("/api/tree", {"grain": "day"}),
        ("/api/retention", {"periods": "101"}),
        ("/api/retention", {"subject": "company"}),
        ("/api/metrics/mrr/members", {"limit": "1001"}),
        ("/api/metrics/mrr/members", {"offset": "-1"}),
        ("/api/metrics/mrr", {"segment": "channel", "top": "0"}),
        ("/api/facts", {}),
    ],
)
async def test_bad_parameters_of_new_routes_are_422(ask, path, parameters):
    """In the error form, with the parameter's name."""
    answer = await ask(path, **parameters)
    assert answer.status_code == 422
    message = shapes.ErrorForm.model_validate(answer.json()).message
    assert any(name in message for name in (*parameters, "fact"))


@pytest.mark.parametrize(
    "path", ["/api/boards/none", "/api/metrics/none.csv", "/api/metrics/none/members", "/api/metrics/none/why"]
)
async def test_what_the_catalogue_does_not_have_is_404(ask, path):
    """One error form for every route."""
    answer = await ask(f"/api/{path}")
    assert (answer.status_code, shapes.ErrorForm.model_validate(answer.json()).reason) == (404, "not_found")


async def test_the_description_shows_every_route_with_its_key(build, client_of):
    """OpenAPI is complete: each route under /api is described and needs the secret key."""
    async with client_of(build()) as client:
        paths = (await client.get("/api/openapi.json")).json()["paths"]
        page = (await client.get("/api/docs")).text
    for path in ("/api/boards/{board_id}", "/api/tree", "/api/retention", "/api/facts", "/api/metrics/{metric_id}.csv"):
        assert all(operation["security"] == [{"secretKey": []}] for operation in paths[path].values())
        assert path in page
    assert set(paths["/api/facts"]) == {"get", "post"}
