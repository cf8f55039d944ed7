"""What the engine answers to one request of the HTTP face: whole, or piece by piece where it would be large.

Does not decide who may ask what: see `warehouse.face_engine`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

from chdb import ChdbError

from warehouse.face_errors import FaceError, engine_error

Connection = Any
"""A `chdb` connection: query(sql, format, params), send_query(…), send_insert(sql, format), close()."""

PLAIN = "text/plain; charset=UTF-8"

STREAMED_FORMATS = frozenset(
    (
        *("TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "JSONEachRow", "JSONLines", "NDJSON"),
        *("JSONCompactEachRow", "RowBinary", "Native"),
    )
)
"""Formats whose pieces, one after the other, are the whole: these are read piece by piece."""

MAX_REPLY_BYTES = 256_000_000
MAX_READER_REPLY_BYTES = 128_000_000
LARGE_REPLY_BYTES = 4_000_000
"""A reply that may come in pieces is kept whole up to this size, so that nearly all errors still have their status."""


class FaceResult(NamedTuple):
    """`format` is the one the data is in; counts are the engine's own."""

    data: bytes
    format: str
    content_type: str = PLAIN
    read_rows: int = 0
    read_bytes: int = 0
    result_rows: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    elapsed_seconds: float = 0.0


class Cap(NamedTuple):
    """A reply is kept whole up to so many bytes; what is larger comes in pieces, or is refused."""

    most_bytes: int
    then_in_pieces: bool = False


class Form(NamedTuple):
    """What a reply is written in."""

    format: str
    content_type: str


class LargeReply:
    """A reply under way; holds its connection until it is closed. One thread at a time uses it."""

    def __init__(self, head: bytes, pieces: Iterator[Any], held: ExitStack, form: Form) -> None:
        self.head = head
        self.form = form
        self._pieces = pieces
        self._held = held

    def next_piece(self) -> bytes:
        """What follows; empty at the end. Raises FaceError when the statement failed after all."""
        try:
            for piece in self._pieces:
                if data := bytes(piece.bytes()):
                    return data
        except (ChdbError, RuntimeError) as error:
            raise engine_error(error) from error
        return b""

    def close(self) -> None:
        self._held.close()


def whole(connection: Connection, statement: str, written_in: str, parameters: Mapping[str, str]) -> FaceResult:
    """The reply as the engine writes it in one go."""
    result = connection.query(statement, written_in, params=dict(parameters))
    return FaceResult(
        bytes(result.bytes() or b""),
        written_in,
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        result_rows=result.rows_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        elapsed_seconds=result.elapsed(),
    )


def read_reply(
    held: ExitStack, connection: Connection, statement: str, parameters: Mapping[str, str], form: Form, cap: Cap
) -> FaceResult | LargeReply:
    """The reply of a SELECT in a format that comes in pieces.

    `held` closes what the reply needs, the connection among it; a large reply takes it over.
    """
    started = time.perf_counter()
    data = bytearray()
    read_rows = read_bytes = result_rows = 0
    pieces = iter(held.enter_context(connection.send_query(statement, form.format, params=dict(parameters))))
    for piece in pieces:
        data += piece.bytes()
        read_rows += piece.storage_rows_read()
        read_bytes += piece.storage_bytes_read()
        result_rows += piece.rows_read()
        if len(data) > cap.most_bytes:
            if cap.then_in_pieces:
                return LargeReply(bytes(data), pieces, held.pop_all(), form)
            raise FaceError(396, "TOO_MANY_ROWS_OR_BYTES", f"The reply is larger than {cap.most_bytes} bytes.")
    return FaceResult(
        bytes(data),
        *form,
        read_rows=read_rows,
        read_bytes=read_bytes,
        result_rows=result_rows,
        elapsed_seconds=time.perf_counter() - started,
    )
