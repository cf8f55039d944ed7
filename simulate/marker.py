"""How far the demo's history has gone into a data folder, so that a restart goes on instead of beginning again.

Does not ask the product: a marker of a folder whose log was removed is the caller's to notice.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME = "demo.json"


@dataclass(frozen=True, slots=True)
class Marker:
    """The world of a data folder; all its messages before `sent_until_ms` (Unix ms) are stored."""

    seed: int
    people: int
    start: str
    end_ms: int
    sent_until_ms: int


def read_marker(data_dir: Path) -> Marker | None:
    """The marker, or None if there is none or it cannot be read."""
    try:
        return Marker(**json.loads((data_dir / _NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write_marker(data_dir: Path, marker: Marker) -> None:
    """Replace the marker in one step."""
    beside = data_dir / f"{_NAME}.new"
    beside.write_text(json.dumps(asdict(marker)))
    beside.replace(data_dir / _NAME)
