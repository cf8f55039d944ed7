"""Where metrics of the kind `sql` are run beside the embedded engine: as its read-only user, within limits.

Does not know what they ask: see `metrics.expert`. Loads the engine: not for processes that reach a server.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import chdb
import msgspec

from schemas.measuring import NotComputable
from warehouse.client import DATABASE
from warehouse.face_engine import FaceEngine, FaceQuery
from warehouse.face_errors import FaceError
from warehouse.face_replies import FaceResult

LIMITS: Mapping[str, str] = {
    "max_execution_time": "10",
    "max_memory_usage": "256000000",
    "max_result_rows": "100000",
    "output_format_json_quote_64bit_integers": "0",
}
"""Seconds, bytes, rows."""

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class EmbeddedExpert:
    """Implements `metrics.asking.Query` as the read-only user of the HTTP interface over the embedded engine."""

    def __init__(self, folder: Path) -> None:
        self._face = FaceEngine(lambda: chdb.connect(str(folder)), DATABASE)

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Raises NotComputable with the engine's words."""
        query = FaceQuery(
            sql.encode(),
            default_format="JSONCompactEachRowWithNamesAndTypes",
            parameters={name: str(value) for name, value in parameters.items()},
            settings=LIMITS,
        )
        try:
            result = self._face.run(query)
        except FaceError as error:
            raise NotComputable(error.message) from error
        if not isinstance(result, FaceResult):
            raise NotComputable("the query gives too much")
        return _read(result.data)


def _read(data: bytes) -> list[list[Any]]:
    """Rows with dates as dates and every other number as int or Decimal."""
    _, kinds, *rows = (_DECODER.decode(line) for line in data.splitlines())
    are_days = [kind.removeprefix("Nullable(").startswith("Date") for kind in kinds]
    return [[_day(value) if is_day else value for value, is_day in zip(row, are_days, strict=True)] for row in rows]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])
