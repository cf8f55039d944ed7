"""What people write down, through the API: noted, changed, found, refused."""

import httpx
import pytest
from contract.notes.remembered_notes import RememberedNotes
from fastapi import FastAPI

from dashboard.access import Access
from dashboard.failures import answer_failures
from dashboard.moments import WorkspaceClock
from dashboard.note_shapes import Actions, Annotations, Decisions
from dashboard.notes_api import NotesContext, notes_routes
from dashboard.reading import Reader
from schemas.calendar import Calendar
from schemas.catalogue import Catalogue

NOW_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z, the Sunday of 2026-W47
KEY = "sk_test_5d1f"
CATALOGUE = Catalogue(metrics={"mrr": None, "churn": None}, boards={"exec": None})


@pytest.fixture
def notes():
    return RememberedNotes()


@pytest.fixture
async def client(notes):
    app = FastAPI(openapi_url=None)
    answer_failures(app)
    context = NotesContext(notes, Reader(), WorkspaceClock(lambda: NOW_MS, Calendar("UTC")), lambda: CATALOGUE)
    app.include_router(notes_routes(context, Access([KEY], [], lambda: NOW_MS)))
    headers = {"Authorization": f"Bearer {KEY}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as opened:
        yield opened


async def test_an_action_is_noted_and_found_until_it_is_done(client):
    """Money stays exact, the week is that of today, and the day on which it ended is kept."""
    noted = await client.post("/api/actions", json={"text": " Call  them ", "budget": "1200.50", "due": "2026-12-01"})
    assert noted.status_code == 201
    assert b'"budget":1200.50' in noted.content
    assert (noted.json()["week"], noted.json()["text"], noted.json()["status"]) == ("2026-W47", "Call  them", "open")
    path = f"/api/actions/{noted.json()['id']}"
    done = await client.patch(path, json={"status": "done", "version": 1})
    assert (done.json()["version"], done.json()["closed_on"], done.json()["due"]) == (2, "2026-11-22", "2026-12-01")
    open_ones = Actions.model_validate((await client.get("/api/actions", params={"status": "open"})).json())
    assert open_ones.actions == []
    again = await client.patch(path, json={"status": "open", "due": None, "text": None})
    assert (again.json()["closed_on"], again.json()["due"], again.json()["text"]) == (None, None, "Call  them")


async def test_what_came_of_a_decision_is_noted_later(client):
    """The decision of a week stays in its week."""
    noted = await client.post("/api/decisions", json={"course": "kill", "text": "Old pricing", "week": "2026-W45"})
    await client.patch(f"/api/decisions/{noted.json()['id']}", json={"outcome": "churn fell", "course": "iterate"})
    found = Decisions.model_validate((await client.get("/api/decisions?from=2026-11-05&to=2026-11-08")).json())
    assert [(each.week, each.course, each.outcome) for each in found.decisions] == [
        ("2026-W45", "iterate", "churn fell")
    ]
    assert (await client.get("/api/decisions?from=2026-11-09")).json()["decisions"] == []


async def test_annotations_are_paged_and_removed(client, notes):
    """A removal is an edition, so the past can be told."""
    for day in (1, 2, 3):
        await client.post("/api/annotations", json={"text": f"remark {day}", "day": f"2026-11-0{day}", "metric": "mrr"})
    page = Annotations.model_validate((await client.get("/api/annotations?limit=2&metric=mrr")).json())
    assert ([each.text for each in page.annotations], page.next_offset) == (["remark 3", "remark 2"], 2)
    rest = (await client.get("/api/annotations?limit=2&offset=2")).json()
    assert (len(rest["annotations"]), rest["next_offset"]) == (1, None)
    path = f"/api/annotations/{page.annotations[0].id}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert len((await client.get("/api/annotations")).json()["annotations"]) == 2
    assert len(notes.editions) == 4


async def test_of_two_changes_made_from_one_edition_the_second_is_refused(client):
    """Nobody overwrites what he has not seen."""
    path = "/api/decisions/" + (await client.post("/api/decisions", json={"course": "start", "text": "x"})).json()["id"]
    assert (await client.patch(path, json={"text": "y", "version": 1})).status_code == 200
    refused = await client.patch(path, json={"text": "z", "version": 1})
    assert (refused.status_code, refused.json()["reason"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("actions", {"text": "   "}, "text: "),
        ("actions", {"text": "x" * 2001}, "text: "),
        ("actions", {"text": "x\x00y"}, "control characters"),
        ("actions", {"text": "x", "budget": "-1"}, "budget: "),
        ("actions", {"text": "x", "budget": "NaN"}, "budget: "),
        ("actions", {"text": "x", "due": "soon"}, "due: "),
        ("actions", {"text": "x", "week": "2026-W60"}, "week: not an ISO week"),
        ("actions", {"text": "x", "status": "gone"}, "status: "),
        ("actions", {"text": "x", "price": 1}, "price: "),
        ("decisions", {"text": "x"}, "course: "),
        ("decisions", {"text": "x", "course": "start", "metric": "mmr"}, 'there is no metric "mmr"'),
        ("annotations", {"text": "x", "board": "exek"}, 'there is no board "exek"'),
        ("annotations", {"text": "x", "day": "1066-10-14"}, "day: "),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(client, notes, kind, body, says):
    """422 in the one error form, and nothing is kept."""
    answer = await client.post(f"/api/{kind}", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_parameter")
    assert says in answer.json()["message"]
    assert notes.editions == []


async def test_a_form_of_another_site_or_a_huge_body_is_refused(client, notes):
    """Only JSON is taken, which no form can send; bodies are bounded before they are read whole."""
    form = await client.post("/api/actions", content=b'{"text":"x"}', headers={"Content-Type": "text/plain"})
    assert form.status_code == 422
    huge = await client.post("/api/actions", json={"text": "x" * 100_000})
    assert (huge.status_code, huge.json()["reason"]) == (413, "too_large")
    assert (await client.post("/api/actions", content=b"{", headers={"Content-Type": "application/json"})).is_error
    assert (await client.patch("/api/actions/none", json={"text": "x"})).status_code == 404
    assert notes.editions == []
