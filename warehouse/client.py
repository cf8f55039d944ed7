"""One door to the warehouse, embedded (chDB) or a ClickHouse server: the same calls, thread-safe.

Does not know any table; does not repeat a call that failed: that is the caller's decision.
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError, StreamClosedError

from schemas.checkpoints import StoreUnavailable
from schemas.reading import ReadingUnavailable

DATABASE = "northstream"

PASSING_CODES = frozenset(
    (
        3,  # UNEXPECTED_END_OF_FILE: the connection broke
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        201,  # QUOTA_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        236,  # ABORTED: the server shuts down
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        999,  # KEEPER_EXCEPTION
    )
)
"""ClickHouse error codes that may pass by themselves; every other code is an error of ours."""

UNREADABLE_CODES = frozenset((6, 25, 26, 27, 33, 38, 41, 53, 69, 72, 117, 130, 131, 321, 349))
"""ClickHouse error codes that speak of the lines of an insert, not of the warehouse."""

_WRITER_SETTINGS = {
    # An acknowledged insert must be on disk; asynchronous inserts answer for a buffer shared with others.
    "async_insert": 0,
    # One range is one block: parallel parsing cuts the input into several.
    "input_format_parallel_parsing": 0,
    # A row with a misspelt column must fail, not vanish half.
    "input_format_skip_unknown_fields": 0,
}


class WarehouseUnavailable(StoreUnavailable, ReadingUnavailable):
    """The warehouse does not answer now; what was being written may or may not be there."""


class UnreadableLines(Exception):
    """The warehouse cannot read some of the lines; none of them was inserted."""


class Warehouse:
    """A pool of clients; each runs one query at a time, so as many calls run side by side as there are clients.

    Clients are opened when first needed. A call waits while all of them are busy.
    """

    def __init__(self, open_client: Callable[[], Any], size: int, settings: Mapping[str, Any]) -> None:
        """`settings` hold for every call of each client."""
        self._open_client = open_client
        self._settings = settings
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._opening = threading.Lock()
        self._unopened = size
        self._clients: list[Any] = []

    @classmethod
    def embedded(cls, path: Path | str, size: int = 6, read_only: bool = False) -> Warehouse:
        """The engine inside this process, its data in a folder that no other process uses."""

        def open_client() -> Any:
            return clickhouse_connect.get_client(interface="chdb", path=str(path))

        return cls(open_client, size, {"readonly": 1} if read_only else _WRITER_SETTINGS)

    @classmethod
    def server(cls, url: str, user: str = "", password: str = "", size: int = 6) -> Warehouse:
        """A ClickHouse server by its URL (`http://host:8123`); a user in the URL is taken unless one is given.

        Without a user it is the server's default one, which may only read.
        """
        parts = urlsplit(url)

        def open_client() -> Any:
            client = clickhouse_connect.get_client(
                interface=parts.scheme,
                host=parts.hostname,
                port=parts.port,
                username=user or unquote(parts.username or "") or None,
                password=password or unquote(parts.password or ""),
                query_retries=0,
                autogenerate_session_id=False,
            )
            # The library would send a broken insert again by itself.
            client.http_retries = 0
            return client

        return cls(open_client, size, _WRITER_SETTINGS if user or parts.username else {})

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
        with self._client() as client:
            client.command(sql, parameters=dict(parameters or {}), settings=dict(settings or {}))

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of a query. `formats` by column, e.g. `bytes` for a String that is no text."""
        with self._client() as client:
            result = client.query(sql, parameters=dict(parameters or {}), column_formats=dict(formats or {}))
            return [tuple(row) for row in result.result_rows]

    def records(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All rows of a query, by column name."""
        with self._client() as client:
            result = client.query(sql, parameters=dict(parameters or {}))
            return [dict(row) for row in result.named_results()]

    def lines(self, sql: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """All rows of a query as NDJSON, 64-bit numbers unquoted."""
        settings = {"output_format_json_quote_64bit_integers": 0}
        with self._client() as client:
            found = client.raw_query(sql, parameters=dict(parameters or {}), settings=settings, fmt="JSONEachRow")
            return bytes(found)

    def column_blocks(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """The columns of a query block by block; takes up a client until the last is read or it is closed."""
        with self._client() as client:
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
        with self._client() as client:
            try:
                # A stream cannot be sent twice, so the library does not try.
                client.raw_insert(
                    f"{DATABASE}.{table}",
                    column_names=list(columns),
                    insert_block=io.BytesIO(lines),
                    settings=dict(settings),
                    fmt="JSONEachRow",
                )
            except DatabaseError as error:
                if speaks_of_lines(error):
                    raise UnreadableLines(str(error)) from error
                raise

    def close(self) -> None:
        """Close every client; calls still under way finish first."""
        while self._clients:
            self._clients.pop().close()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with _named_errors():
            client = self._take()
            try:
                yield client
            finally:
                self._idle.put(client)

    def _take(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        with self._opening:
            if self._unopened:
                client = self._opened()
                self._unopened -= 1
                self._clients.append(client)
                return client
        return self._idle.get()

    def _opened(self) -> Any:
        client = self._open_client()
        for name, value in self._settings.items():
            client.set_client_setting(name, value)
        return client


@contextmanager
def _named_errors() -> Iterator[None]:
    """Sorts the library's errors by what the caller should do: wait, or mend the program."""
    try:
        yield
    except StreamClosedError:
        raise
    except ClickHouseError as error:
        if may_pass(error):
            raise WarehouseUnavailable(str(error)) from error
        raise
    except OSError as error:
        raise WarehouseUnavailable(str(error)) from error


def may_pass(error: ClickHouseError) -> bool:
    """Whether the same call may succeed later. Without a code the server was not reached."""
    code = getattr(error, "code", None)
    if code is None:
        return isinstance(error, OperationalError)
    return code in PASSING_CODES


def speaks_of_lines(error: DatabaseError) -> bool:
    """Whether an insert failed for its lines. The embedded engine loses the code if a line is not UTF-8."""
    if error.code is None:
        return not isinstance(error, OperationalError)
    return error.code in UNREADABLE_CODES
