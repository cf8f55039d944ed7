"""The JSON shapes of the first-run guide: what it offers, what people choose, what would be written.

Does not write anything: see `start_routes`.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from dashboard.note_shapes import Day, Name
from dashboard.shapes import Shape
from schemas.catalogue import Stage

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=100)]
Inputs = Annotated[list[Identifier], Field(max_length=30)]


class AimChosen(Shape):
    """`value` as people read it: per cent for a rate."""

    value: Annotated[Decimal, Field(max_digits=15, decimal_places=6)]
    by: Day | None = None


class GuideAsked(Shape):
    """What people chose. `board`: `my_board` for one that the guide writes, else the id of one that is there."""

    north_star: Identifier
    inputs: Annotated[dict[Stage, Inputs], Field(default_factory=dict, max_length=8)]
    targets: Annotated[dict[Identifier, AimChosen], Field(default_factory=dict, max_length=100)]
    board: Identifier = "my_board"
    board_label: Name = ""


class GuideToSave(GuideAsked):
    """`base`: of the preview that people have seen."""

    base: str


class ChangeShown(Shape):
    """`diff` in the unified format; of a new file every line is added."""

    path: str
    is_new: bool
    diff: str


class GuideShown(Shape):
    """What would be written to `folder`, or was. With `findings` nothing can be saved."""

    folder: str
    is_new_folder: bool
    base: str
    findings: list[str]
    changes: list[ChangeShown]
