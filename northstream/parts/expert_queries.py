"""Where metrics of the kind `sql` are run: as the user that may only read, within limits, with no way outside.

Does not know what they ask: see `metrics.expert`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import chdb
import msgspec
from clickhouse_connect.driver.exceptions import DatabaseError

from northstream.settings import Settings
from schemas.measuring import NotComputable
from warehouse.client import DATABASE, Warehouse
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


class ServerExpert:
    """Implements `metrics.asking.Query` as the reader of a ClickHouse server, whose profile has limits of its own."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Raises NotComputable with the server's words, WarehouseUnavailable."""
        try:
            return self._warehouse.rows(sql, parameters)
        except DatabaseError as error:
            raise NotComputable(str(error)) from error


def server_expert(settings: Settings) -> ServerExpert:
    """Nothing is asked of the server yet."""
    user, password = settings.clickhouse_reader, settings.clickhouse_reader_password
    return ServerExpert(Warehouse.server(settings.clickhouse_url, user, password, size=1))


def _read(data: bytes) -> list[list[Any]]:
    """Rows with dates as dates and every other number as int or Decimal."""
    _, kinds, *rows = (_DECODER.decode(line) for line in data.splitlines())
    are_days = [kind.removeprefix("Nullable(").startswith("Date") for kind in kinds]
    return [[_day(value) if is_day else value for value, is_day in zip(row, are_days, strict=True)] for row in rows]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])
