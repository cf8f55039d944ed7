"""What people wrote down, as JSON data.

Does not keep notes, and does not answer requests.
"""

from dataclasses import fields
from decimal import Decimal
from typing import Any

import orjson

from dashboard.moments import instant
from dashboard.weeks import written_week
from schemas.notes import Action, Annotation, Decision


def shown_note(note: Annotation | Decision | Action) -> dict[str, Any]:
    """A note as JSON data: weeks as people write them, a budget as an exact number."""
    stamp = note.stamp
    shown: dict[str, Any] = {"id": stamp.id, "version": stamp.version, "written_at": instant(stamp.written_at_ms)}
    for field in fields(note):
        value = getattr(note, field.name)
        if field.name == "week":
            value = written_week(value)
        elif isinstance(value, Decimal):
            value = orjson.Fragment(format(value, "f"))
        if field.name != "stamp":
            shown[field.name] = value
    return shown
