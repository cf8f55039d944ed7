"""ClickHouse's HTTP interface over the embedded engine.

Does not serve it: see `northstream.serving`.
"""

from pathlib import Path

import chdb
from starlette.applications import Starlette

from northstream.settings import Settings
from warehouse.client import DATABASE
from warehouse.http_face import create_face


def make_database(folder: Path) -> None:
    """Make our database in the engine's `folder`: the interface's clients begin in it, before any has migrated it."""
    connection = chdb.connect(str(folder))
    try:
        connection.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    finally:
        connection.close()


def create_sql_face(folder: Path, settings: Settings, max_connections: int = 8) -> Starlette:
    """The interface over the engine's `folder`, as an ASGI app."""
    return create_face(
        lambda: chdb.connect(str(folder)),
        writer_user=settings.clickhouse_user,
        writer_password=settings.clickhouse_password or settings.secret_key,
        max_connections=max_connections,
    )
