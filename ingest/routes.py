"""The paths that take events, and which type of message each stands for.

Does not handle requests: see `ingest.intake`.
"""

TYPES = ("track", "identify", "alias", "group", "page", "screen")
"""The six types of messages."""

_SHORT = {"t": "track", "i": "identify", "a": "alias", "g": "group", "p": "page", "s": "screen"}
_BATCHES = ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch")

BATCH = ""
"""Stands for a route that takes several messages, each with its own type."""


def _paths() -> dict[str, str]:
    singles = {f"/v1/{name}": name for name in TYPES} | {f"/v1/{short}": name for short, name in _SHORT.items()}
    bare = singles | dict.fromkeys(_BATCHES, BATCH)
    return bare | {f"{path}/": kind for path, kind in bare.items()}


PATHS = _paths()
"""Path (with and without a slash at the end) → type of its one message, or `BATCH`."""
