"""What a request is answered: every message that is not simply stored has a verdict of its own.

Does not decide verdicts: see `ingest.steps` and `ingest.intake`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

FLAGGED = "flagged"
QUARANTINED = "quarantined"
DUPLICATE = "duplicate"
STORED = "stored"

Violations = tuple[Mapping[str, str], ...]
"""What is wrong with a message, each {"rule", "property", "message"}."""


def verdict(message_id: str, status: str, violations: Violations) -> dict[str, Any]:
    return {"message_id": message_id, "status": status, "violations": violations}


@lru_cache(maxsize=1024)
def all_stored(accepted: int) -> bytes:
    """The answer to a request of which every message was simply stored."""
    return success(accepted, 0, [], {})


def success(accepted: int, quarantined: int, events: list[dict[str, Any]], minted: dict[str, Any]) -> bytes:
    """The answer with verdicts; `minted` adds what tells the sender the ids that were made for it."""
    answer = {
        "success": True,
        "status": 1,
        "error": None,
        "code": 200,
        "accepted": accepted,
        "quarantined": quarantined,
        "events": events,
    }
    return msgspec.json.encode(answer | minted)
