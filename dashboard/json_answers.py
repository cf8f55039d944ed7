"""JSON of an answer: plain data, instants as ISO 8601 in UTC, never cached by anyone on the way.

Does not shape answers.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from fastapi import Response

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def dumps(content: Any) -> bytes:
    """Compact JSON; NaN becomes null, mappings and sequences of any kind are objects and arrays."""
    return orjson.dumps(content, _plain, _OPTIONS)


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(dumps(content), status, {"Cache-Control": "no-store"}, "application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(f"no JSON form for {type(value).__name__}")
