"""ClickHouse's HTTP interface over the embedded engine.

Does not serve it: see `northstream.serving`.
"""

from pathlib import Path
from typing import Any

import chdb
from starlette.applications import Starlette

from northstream.settings import Settings
from warehouse.client import DATABASE
from warehouse.http_face import create_face


def start_engine(folder: Path) -> Any:
    """Start the engine of `folder` with our database in it: clients of the interface begin there.

    It runs until the connection that this returns is closed; while nobody holds one, each request would start the
    engine anew, with all its tables and threads.
    """
    connection = chdb.connect(str(folder))
    connection.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    return connection


def create_sql_face(folder: Path, settings: Settings, max_connections: int = 8) -> Starlette:
    """The interface over the engine's `folder`, as an ASGI app."""
    return create_face(
        lambda: chdb.connect(str(folder)),
        writer_user=settings.clickhouse_user,
        writer_password=settings.clickhouse_password or settings.secret_key,
        max_connections=max_connections,
    )
