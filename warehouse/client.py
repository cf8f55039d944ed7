"""One door to the warehouse, embedded (chDB) or ClickHouse servers: the same calls, thread-safe.

Does not know any table; does not repeat a call that failed: that is the caller's decision.
"""

from __future__ import annotations

import io
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError
from urllib3 import Timeout

from warehouse.dialect import Dialect
from warehouse.failing import (
    NOTHING_WRITTEN_CODE,
    UnreadableLines,
    WarehouseUnavailable,
    named_errors,
    speaks_of_lines,
)
from warehouse.pool import ClientPool

__all__ = [
    "DATABASE",
    "LONG_PATIENCE",
    "USUAL_PATIENCE",
    "Patience",
    "UnreadableLines",
    "Warehouse",
    "WarehouseUnavailable",
]

DATABASE = "northstream"

_QUORUM_WAIT_SECONDS = 15.0

# It writes whole tracebacks of what we raise by name.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class Patience(NamedTuple):
    """How long a server may be silent, in seconds, before a call fails as WarehouseUnavailable.

    A server that works on a statement says so meanwhile; our own HTTP face does not, so that `reading` bounds its
    slowest query too.
    """

    connecting: float = 5.0
    reading: float = 30.0
    writing: float = 60.0


USUAL_PATIENCE = Patience()
LONG_PATIENCE = Patience(reading=600.0, writing=600.0)
"""For commands whose single statements read or merge everything that was ever stored."""


class Warehouse:
    """As many calls run side by side as there are clients; others wait for their turn.

    `dialect` tells how definitions are spelt here.
    """

    def __init__(
        self,
        open_client: Callable[[], Any],
        size: int,
        dialect: Dialect,
        settings: Mapping[str, str | int],
        patience: Patience | None = None,
    ) -> None:
        """`settings` hold for every call of each client; `patience` for servers only."""
        self.dialect = dialect
        self.open_client = open_client
        self._settings = settings
        self._patience = patience
        self._pool = ClientPool(self._opened, size)

    @classmethod
    def embedded(cls, path: Path | str, size: int = 6, read_only: bool = False) -> Warehouse:
        """The engine inside this process, its data in a folder that no other process uses."""

        def open_client() -> Any:
            return clickhouse_connect.get_client(interface="chdb", path=str(path))

        dialect = Dialect()
        return cls(open_client, size, dialect, {"readonly": 1} if read_only else dialect.writer_settings)

    @classmethod
    def server(
        cls,
        url: str,
        user: str = "",
        password: str = "",
        size: int = 6,
        cluster: str = "",
        patience: Patience = USUAL_PATIENCE,
    ) -> Warehouse:
        """A ClickHouse server by its URL (`http://host:8123`); a user in the URL is taken unless one is given.

        Without a user it is the server's default one, which may only read. `cluster`: the name under which the servers
        know their replicas; the URL is one of theirs, or of what stands before them.
        """
        parts = urlsplit(url)

        def open_client() -> Any:
            client = clickhouse_connect.get_client(
                interface=parts.scheme,
                host=parts.hostname,
                port=parts.port,
                username=user or unquote(parts.username or "") or None,
                password=password or unquote(parts.password or ""),
                connect_timeout=patience.connecting,
                send_receive_timeout=patience.reading,
                query_retries=0,
                autogenerate_session_id=False,
                # One connection for each client, so that none is shared between threads or thrown away.
                dedicated_pool=True,
            )
            # The library would send a broken insert again by itself.
            client.http_retries = 0
            return client

        dialect = Dialect(cluster)
        settings = dialect.writer_settings if user or parts.username else {}
        return cls(open_client, size, dialect, settings, patience)

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement without rows.

        Raises:
            WarehouseUnavailable: it may pass; the statement may have run.
        """
        with self._writing() as client:
            _with_quorum(lambda: client.command(sql, parameters=dict(parameters or {}), settings=dict(settings or {})))

    def define(self, sql: str) -> None:
        """Run a statement of definition, written for one engine, in the form that this warehouse needs.

        Raises:
            WarehouseUnavailable: it may pass; the statement may have run, on some servers only.
            DialectError: it has no such form.
        """
        self.command(self.dialect.spelt(sql))

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of a query. `formats` by column, e.g. `bytes` for a String that is no text."""
        with self._reading() as client:
            result = client.query(sql, parameters=dict(parameters or {}), column_formats=dict(formats or {}))
            return [tuple(row) for row in result.result_rows]

    def records(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All rows of a query, by column name."""
        with self._reading() as client:
            result = client.query(sql, parameters=dict(parameters or {}))
            return [dict(row) for row in result.named_results()]

    def lines(self, sql: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """All rows of a query as NDJSON, 64-bit numbers unquoted."""
        settings = {"output_format_json_quote_64bit_integers": 0}
        with self._reading() as client:
            found = client.raw_query(sql, parameters=dict(parameters or {}), settings=settings, fmt="JSONEachRow")
            return bytes(found)

    def column_blocks(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """The columns of a query block by block; takes up a client until the last is read or it is closed."""
        with self._reading() as client:
            stream = client.query_column_block_stream(
                sql, parameters=dict(parameters or {}), column_formats=dict(formats or {})
            )
            with stream:
                yield from stream

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None:
        """Insert JSONEachRow lines as they are, once, as one block if the settings allow it.

        Raises:
            WarehouseUnavailable: it may pass; the rows may be there. Repeat with the same deduplication token.
            UnreadableLines: repeating does not help.
        """
        with self._writing() as client:
            try:
                _with_quorum(lambda: _insert(client, table, columns, lines, settings))
            except DatabaseError as error:
                if speaks_of_lines(error, self._is_server):
                    raise UnreadableLines(str(error)) from error
                raise

    def close(self) -> None:
        """Close every client."""
        self._pool.close()

    @property
    def _is_server(self) -> bool:
        return self._patience is not None

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with named_errors(self._is_server), self._pool.client() as client:
            if self._patience is not None:
                client.timeout = Timeout(connect=self._patience.connecting, read=self._patience.reading)
            yield client

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with named_errors(self._is_server), self._pool.client() as client:
            if self._patience is not None:
                client.timeout = Timeout(connect=self._patience.connecting, read=self._patience.writing)
            yield client

    def _opened(self) -> Any:
        client = self.open_client()
        for name, value in self._settings.items():
            client.set_client_setting(name, value)
        return client


def _insert(client: Any, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None:
    # A stream cannot be sent twice, so the library does not try.
    client.raw_insert(
        f"{DATABASE}.{table}",
        column_names=list(columns),
        insert_block=io.BytesIO(lines),
        settings=dict(settings),
        fmt="JSONEachRow",
    )


def _with_quorum(write: Callable[[], object]) -> None:
    """Replicas take one insert into a table at a time and turn others away whole: only these are sent again here."""
    deadline = time.monotonic() + _QUORUM_WAIT_SECONDS
    while True:
        try:
            write()
            return
        except DatabaseError as error:
            if error.code != NOTHING_WRITTEN_CODE or time.monotonic() >= deadline:
                raise
        time.sleep(random.uniform(0.01, 0.1))
