"""One request against the embedded engine: a connection of its own, its settings, its statement.

Does not speak HTTP. A connection costs under a millisecond and takes its settings, parameters and current
database away with it, so no request can leave anything behind for another.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from chdb import ChdbError

from warehouse.face_errors import FaceError, engine_error, read_only_refusal
from warehouse.face_guard import check_read_only
from warehouse.face_hello import STATEMENT as HELLO
from warehouse.face_hello import hello_block
from warehouse.face_replies import (
    LARGE_REPLY_BYTES,
    MAX_READER_REPLY_BYTES,
    MAX_REPLY_BYTES,
    PLAIN,
    STREAMED_FORMATS,
    Cap,
    Connection,
    FaceResult,
    Form,
    LargeReply,
    read_reply,
    whole,
)
from warehouse.face_settings import reader_settings
from warehouse.face_statement import Insert, output_format, split_insert

MAX_QUERY_BYTES = 262_144
"""Longest statement (its data not counted), as `max_query_size` of a server."""

MAX_ROWS_OF_WHOLE_FORMATS = 500_000
"""Other formats are written by the engine in one go, into memory that none of its own bounds cover."""

_SETTING_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class FaceQuery:
    """A statement with all that a client said about it.

    `body` is the statement, data of an INSERT after it. `database` is empty when the client named none.
    `read_only_method`: the request came by GET, which never modifies. `client_revision`: the protocol that the
    client speaks; 0 when it does not say. `in_pieces`: the client takes a large reply piece by piece, before its end
    is known.
    """

    body: bytes
    writer: bool = False
    read_only_method: bool = False
    client_revision: int = 0
    in_pieces: bool = False
    database: str = ""
    default_format: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


class Facts(NamedTuple):
    """What the engine says of itself; `content_types` by output format, `table_functions` in lower case."""

    version: str
    timezone: str
    display_name: str
    content_types: Mapping[str, str]
    table_functions: frozenset[str]


class FaceEngine:
    """Runs face queries; safe to use from several threads.

    `open_connection` opens a fresh read-write connection of the engine. `default_database` is current for
    clients that name none, once it exists.
    """

    def __init__(self, open_connection: Callable[[], Connection], default_database: str) -> None:
        self._open = open_connection
        self._default_database = default_database

    @cached_property
    def facts(self) -> Facts:
        with closing(self._open()) as connection:
            own = _rows(connection, "SELECT version(), timezone(), displayName()")[0]
            formats = _rows(connection, "SELECT name, content_type FROM system.formats WHERE is_output")
            functions = _rows(connection, "SELECT lower(name) FROM system.table_functions")
        return Facts(
            own[0],
            own[1],
            own[2],
            dict(formats),
            frozenset(name for (name,) in functions),
        )

    def run(self, query: FaceQuery) -> FaceResult | LargeReply:
        """The statement's result; a large one, which the caller closes, only for who takes it in pieces.

        Raises:
            FaceError: everything that is wrong with the statement, as a server would say it.
        """
        insert = split_insert(query.body, query.default_format)
        if insert is not None and not query.writer:
            raise read_only_refusal()
        try:
            with ExitStack() as held:
                connection = held.enter_context(closing(self._open()))
                self._prepare(connection, query)
                if insert is not None:
                    return self._insert(connection, query, insert)
                return self._query(held, connection, query)
        except (ChdbError, RuntimeError) as error:
            raise engine_error(error) from error

    def _prepare(self, connection: Connection, query: FaceQuery) -> None:
        settings = dict(query.settings) if query.writer else reader_settings(query.settings)
        for name in settings:
            if not _SETTING_NAME.match(name):
                raise FaceError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'.")
        named = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
        # All at once: statements cost more than what they set.
        connection.query(f"SET {', '.join(('implicit_select = 0', *named))}")
        self._use(connection, query.database)

    def _use(self, connection: Connection, database: str) -> None:
        try:
            connection.query(f"USE {_backquoted(database or self._default_database)}")
        except ChdbError as error:
            # Before the first migration there is no database to be the default.
            if database or engine_error(error).name != "UNKNOWN_DATABASE":
                raise

    def _query(self, held: ExitStack, connection: Connection, query: FaceQuery) -> FaceResult | LargeReply:
        statement = _decoded(query.body)
        normalised = self._normalised(connection, statement)
        if not query.writer:
            check_read_only(normalised, query.database, query.parameters, self.facts.table_functions)
            # What was checked is what runs.
            statement = normalised
        elif re.search(r"\b(INTO OUTFILE|FROM INFILE) '", normalised):
            raise FaceError(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE and FROM INFILE are not allowed.")
        content_types = self.facts.content_types
        written_in = output_format(normalised, frozenset(content_types)) or query.default_format or "TabSeparated"
        if normalised == HELLO and written_in == "Native" and query.client_revision:
            return self._hello(query.client_revision)
        content_type = content_types.get(written_in, PLAIN)
        streamed = written_in in STREAMED_FORMATS and normalised.startswith(("SELECT ", "WITH "))
        self._shut(connection, query, streamed)
        if streamed:
            return read_reply(
                held, connection, statement, query.parameters, Form(written_in, content_type), _cap(query)
            )
        return whole(connection, statement, written_in, query.parameters)._replace(content_type=content_type)

    def _hello(self, client_revision: int) -> FaceResult:
        facts = self.facts
        block = hello_block(facts.display_name, facts.version, facts.timezone, client_revision)
        return FaceResult(block, "Native", facts.content_types["Native"], result_rows=1)

    def _shut(self, connection: Connection, query: FaceQuery, streamed: bool) -> None:
        """Make the connection read-only, after which no setting can be changed either."""
        if query.writer and not query.read_only_method:
            return
        if not streamed and not query.writer:
            asked = float(query.settings.get("max_result_rows", 0)) or MAX_ROWS_OF_WHOLE_FORMATS
            connection.query(f"SET max_result_rows = {min(int(asked), MAX_ROWS_OF_WHOLE_FORMATS)}")
        connection.query("SET readonly = 1")

    def _normalised(self, connection: Connection, statement: str) -> str:
        """The statement in the engine's own spelling; more than one statement is a syntax error here."""
        encoded = statement.encode().hex()
        checked = connection.query(f"SELECT formatQuerySingleLine(unhex('{encoded}'))", "RawBLOB")
        return bytes(checked.bytes()).decode("utf-8", "replace").strip()

    def _insert(self, connection: Connection, query: FaceQuery, insert: Insert) -> FaceResult:
        if query.read_only_method:
            raise read_only_refusal(
                "default: Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly."
                " You should use method POST for modifying queries."
            )
        self._normalised(connection, f"{insert.statement} FORMAT {insert.format}")
        with connection.send_insert(_with_parameters(connection, insert.statement, query), insert.format) as inserter:
            inserter.append(insert.data)
            written = inserter.finish()
        return FaceResult(
            b"",
            insert.format,
            written_rows=written.rows_written,
            written_bytes=written.bytes_written,
            elapsed_seconds=written.elapsed,
        )


def _cap(query: FaceQuery) -> Cap:
    if not query.writer:
        return Cap(MAX_READER_REPLY_BYTES)
    return Cap(LARGE_REPLY_BYTES, then_in_pieces=True) if query.in_pieces else Cap(MAX_REPLY_BYTES)


def _with_parameters(connection: Connection, statement: str, query: FaceQuery) -> str:
    """The statement, its {name:Type} values set on the connection (an insert takes no values of its own)."""
    for name, value in query.parameters.items():
        if not _SETTING_NAME.match(name.lower()):
            raise FaceError(456, "UNKNOWN_QUERY_PARAMETER", f"Substitution `{name}` has an impossible name.")
        connection.query(f"SET param_{name} = {_quoted(value)}")
    return statement


def _decoded(body: bytes) -> str:
    if len(body) > MAX_QUERY_BYTES:
        detail = f"Max query size exceeded (can be increased with the `max_query_size` setting): {len(body)} bytes."
        raise FaceError(62, "SYNTAX_ERROR", detail)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise FaceError(62, "SYNTAX_ERROR", f"The statement is not UTF-8: {error}.") from error
    if not text.strip().strip(";"):
        raise FaceError(62, "SYNTAX_ERROR", "Syntax error: Empty query.")
    return text


def _rows(connection: Connection, sql: str) -> list[list[str]]:
    lines = connection.query(sql, "TabSeparatedRaw").bytes().decode().splitlines()
    return [line.split("\t") for line in lines]


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _backquoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
