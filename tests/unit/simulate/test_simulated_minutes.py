"""What the simulated company notes: the product takes it, and it is about numbers that there are."""

from datetime import date

import pytest

from dashboard.note_shapes import NewAction, NewAnnotation, NewDecision
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from simulate.minutes import minutes

SHAPES = {"annotations": NewAnnotation, "decisions": NewDecision, "actions": NewAction}
TODAY = date(2026, 1, 1)


@pytest.mark.parametrize(("kind", "fields"), list(minutes(TODAY)))
def test_the_product_takes_every_note(kind: str, fields: dict[str, object]) -> None:
    """Its shape, its sizes, its dates, over the turn of a year too."""
    SHAPES[kind].model_validate(fields)


def test_notes_are_about_metrics_that_there_are() -> None:
    """A note of an unknown metric would be refused."""
    known = {metric.id for metric in load_workspace(DEFAULT_WORKSPACE).metrics}
    assert {str(fields["metric"]) for _, fields in minutes(TODAY)} <= known
