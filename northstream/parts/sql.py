"""ClickHouse's HTTP interface over the embedded engine.

Does not serve it: see `northstream.serving`.
"""

from pathlib import Path

import chdb
from starlette.applications import Starlette

from northstream.settings import Settings
from warehouse.http_face import create_face


def create_sql_face(folder: Path, settings: Settings, max_connections: int = 8) -> Starlette:
    """The interface over the engine's `folder`, as an ASGI app."""
    return create_face(
        lambda: chdb.connect(str(folder)),
        writer_user=settings.clickhouse_user,
        writer_password=settings.clickhouse_password or settings.secret_key,
        max_connections=max_connections,
    )
