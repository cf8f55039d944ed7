"""How the age of the self-watch is shown wherever readiness is told.

Does not find it out: see `warehouse.watch`.
"""

from typing import Any

FRESH_SECONDS = 60.0
"""A watch that is older has stopped: six of its events are missing."""


def shown_watch(age_seconds: float | None) -> dict[str, Any] | None:
    """For `/readyz`; None: nobody sends any, or nobody knows yet. It decides about no readiness."""
    if age_seconds is None:
        return None
    return {"age_seconds": round(age_seconds, 1), "is_fresh": age_seconds <= FRESH_SECONDS}
