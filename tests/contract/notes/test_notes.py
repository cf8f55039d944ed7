"""What every keeper of notes does: the one of the warehouse, and the one in memory that other tests use."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from contract.notes.remembered_notes import RememberedNotes

from schemas.notes import Action, Annotation, Decision, NotesQuestion, Stamp
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.notes_store import NotesStore

MONDAY = date(2026, 11, 16)
NEXT_MONDAY = date(2026, 11, 23)
NOW_MS = 1_795_341_600_123
ANY = NotesQuestion()
HOSTILE = "'); DROP TABLE x -- <script>\n\t\\ {limit:UInt32} été 🎯"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    warehouse = Warehouse.embedded(tmp_path_factory.mktemp("notes"))
    migrate(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture(params=["memory", "warehouse"])
def notes(request):
    if request.param == "memory":
        return RememberedNotes()
    engine = request.getfixturevalue("engine")
    for table in ("annotation_rows", "decision_rows", "action_rows"):
        engine.command(f"TRUNCATE TABLE northstream.{table}")
    return NotesStore(engine)


def action(identifier="a1", version=1, **fields):
    stamp = Stamp(identifier, version, NOW_MS + version)
    return Action(**{"stamp": stamp, "week": MONDAY, "text": "Call ten churned customers"} | fields)


def test_everything_comes_back_as_it_was_written(notes):
    """Quotes, markup, line breaks, exact money, days."""
    budget = Decimal("123456789012345678.1234")
    written = action(text=HOSTILE, owner=HOSTILE, metric="churn", due=date(2026, 12, 1), budget=budget)
    remark = Annotation(Stamp("n1", 1, 5), MONDAY, HOSTILE, "hypothesis", "mrr", "", "Ana")
    decided = Decision(Stamp("d1", 1, 5), MONDAY, "kill", HOSTILE, outcome="churn fell")
    for note in (written, remark, decided):
        notes.append(note)
    assert notes.action("a1") == written
    assert list(notes.annotations(ANY)) == [remark]
    assert list(notes.decisions(ANY)) == [decided]


def test_the_highest_version_counts_in_whatever_order_they_come(notes):
    """Editions are appended; nothing is overwritten."""
    done = action(version=3, status="done", closed_on=MONDAY)
    for edition in (action(), done, action(version=2, text="Call twenty")):
        notes.append(edition)
    assert notes.action("a1") == done
    assert list(notes.actions(NotesQuestion(status="open"))) == []
    assert list(notes.actions(NotesQuestion(status="done"))) == [done]


def test_the_same_edition_twice_is_one(notes):
    """Whoever does not know whether it was kept writes it again."""
    notes.append(action())
    notes.append(action())
    assert list(notes.actions(ANY)) == [action()]


def test_what_is_gone_is_in_no_list(notes):
    """A removal is an edition too."""
    notes.append(action())
    notes.append(replace(action(), stamp=Stamp("a1", 2, NOW_MS, is_gone=True)))
    assert list(notes.actions(ANY)) == []
    assert notes.action("a1") is None


def test_lists_are_bounded_filtered_ordered_and_paged(notes):
    """Latest week first, then latest written; bounds are inclusive."""
    for n, week in enumerate((MONDAY, NEXT_MONDAY, MONDAY)):
        notes.append(action(f"a{n}", n + 1, week=week, metric="mrr" if n else "dau"))
    assert [each.stamp.id for each in notes.actions(ANY)] == ["a1", "a2", "a0"]
    assert [each.stamp.id for each in notes.actions(NotesQuestion(limit=1, offset=1))] == ["a2"]
    assert [each.stamp.id for each in notes.actions(NotesQuestion(last=MONDAY, metric="mrr"))] == ["a2"]
    assert [each.stamp.id for each in notes.actions(NotesQuestion(NEXT_MONDAY, NEXT_MONDAY))] == ["a1"]


def test_annotations_are_found_by_board_and_metric(notes):
    """Each filter by itself."""
    for board, metric in (("", "mrr"), ("exec", ""), ("", "")):
        notes.append(Annotation(Stamp(f"{board}{metric}", 1, 5), MONDAY, "x", metric=metric, board=board))
    assert [each.stamp.id for each in notes.annotations(NotesQuestion(metric="mrr"))] == ["mrr"]
    assert [each.stamp.id for each in notes.annotations(NotesQuestion(board="exec"))] == ["exec"]
    assert len(notes.annotations(ANY)) == 3
