"""Where metrics of the kind `sql` are run: as the user that may only read, within limits, with no way outside.

Does not know what they ask: see `metrics.expert`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.exceptions import DatabaseError

from northstream.settings import Settings
from schemas.measuring import NotComputable
from warehouse.client import Warehouse


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
