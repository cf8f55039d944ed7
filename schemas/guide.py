"""What the first-run guide asks for, and what would become of the workspace's files.

Does not touch files: implemented by `northstream.workspace_editing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from schemas.catalogue import Stage

OWN_BOARD = "my_board"
"""The board that the guide writes; any other name is a board that is there already."""

MOST_CARDS = 7
"""Cards of the board that the guide writes: a team reads five to seven."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a metric should reach, as stored (a rate is a fraction of 1), and by when."""

    value: Decimal
    by: date | None = None


@dataclass(frozen=True, slots=True)
class GuideChoice:
    """The north star, the inputs of each branch, targets by metric, and the board that `/` opens on."""

    north_star: str
    inputs: Mapping[Stage, Sequence[str]]
    targets: Mapping[str, Aim] = field(default_factory=dict)
    board: str = OWN_BOARD
    board_label: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the workspace by its path in it; `before` is None for a new one."""

    path: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class GuidePlan:
    """What saving would do. `findings`: why it cannot be saved. `base` names the state of the files that it is for.

    `is_new_folder`: the default workspace is copied to `folder` first, and used from then on.
    """

    folder: str
    is_new_folder: bool
    base: str
    changes: Sequence[FileChange]
    findings: Sequence[str] = ()


class ChangedMeanwhile(Exception):
    """The files are not those that the plan was made for."""


class NotWritable(Exception):
    """The files cannot be written; the sentence says which and why."""


class WorkspaceEditor(Protocol):
    """Blocks; safe to use from several threads."""

    def plan(self, choice: GuideChoice) -> GuidePlan:
        """What would be written; nothing is. Raises NotWritable if the files cannot be read."""
        ...

    def save(self, choice: GuideChoice, base: str) -> GuidePlan:
        """Write what the plan says, file by file, each at once; with findings nothing is written.

        Raises:
            ChangedMeanwhile: `base` is not the state of the files any more.
            NotWritable: a file cannot be written; those before it in the plan are.
        """
        ...
