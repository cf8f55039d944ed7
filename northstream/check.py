"""The outcome of one check of `northstream doctor`.

Does not check anything.
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """A finding; what is not ok says what to do."""

    level: Level
    message: str
