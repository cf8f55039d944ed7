"""Replies too large to be kept whole: the writer's come in pieces, and their end is told apart from their failure."""

import socket
from contextlib import ExitStack, suppress
from functools import partial

import httpx
import pytest
from integration.face.face_address import FaceAddress

from warehouse.client import Warehouse, WarehouseUnavailable

MILLION = "SELECT number, toString(number) AS text FROM numbers(1000000)"
FAILS_LATE = "SELECT throwIf(number = 2900000, 'half way') AS failed, number FROM numbers(3000000)"


@pytest.fixture
def writer(face: FaceAddress) -> Warehouse:
    return Warehouse.server(face.url, *face.writer)


def test_a_large_reply_is_whole(face: FaceAddress) -> None:
    """In pieces on the wire, the same bytes as in one."""
    with httpx.stream("POST", face.url, content=f"{MILLION} FORMAT CSV", auth=face.writer, timeout=30) as reply:
        assert reply.headers["transfer-encoding"] == "chunked"
        assert reply.headers["x-clickhouse-format"] == "CSV"
        text = reply.read()
    assert text == b"".join(b'%d,"%d"\n' % (number, number) for number in range(1_000_000))


def test_a_small_reply_keeps_its_length_and_summary(face: FaceAddress) -> None:
    """Nearly all replies are small: these are as they always were."""
    reply = face.write("SELECT number FROM numbers(10) FORMAT CSV")
    assert int(reply.headers["content-length"]) == 20
    assert '"result_rows":"10"' in reply.headers["x-clickhouse-summary"]


def test_the_read_only_user_gets_whole_replies_only(face: FaceAddress) -> None:
    """Its replies are bounded, and their failures have a status."""
    reply = face.read(f"{MILLION} FORMAT CSV")
    assert int(reply.headers["content-length"]) == len(reply.content) > 4_000_000


def test_the_client_reads_a_large_reply_block_by_block(writer: Warehouse) -> None:
    """The way in which people come back from a server."""
    assert sum(len(numbers) for numbers, _ in writer.column_blocks(MILLION)) == 1_000_000


def test_a_reply_that_fails_half_way_is_no_reply(writer: Warehouse, face: FaceAddress) -> None:
    """Rows that are missing must not look like rows that are not there."""
    with pytest.raises(WarehouseUnavailable):
        sum(len(columns[0]) for columns in writer.column_blocks(FAILS_LATE))
    with pytest.raises(httpx.RemoteProtocolError):
        face.write(f"{FAILS_LATE} FORMAT CSV")
    waited = face.write(f"{FAILS_LATE} FORMAT CSV", wait_end_of_query="1")
    assert (waited.status_code, waited.headers["x-clickhouse-exception-code"]) == (500, "395")


def test_clients_that_go_away_leave_their_turns(face: FaceAddress) -> None:
    """The face of these tests runs four statements at once; many more are begun and left."""
    statement = "SELECT number, repeat('x', 1000) FROM numbers(1000000000) FORMAT CSV"
    for _ in range(9):
        with (
            suppress(httpx.HTTPError),
            httpx.stream("POST", face.url, content=statement, auth=face.writer, timeout=30) as reply,
        ):
            next(reply.iter_bytes())
    assert face.write("SELECT 1").text == "1\n"


def test_readers_that_take_nothing_hold_their_turns_for_a_while_only(face: FaceAddress) -> None:
    """Else each of them would keep another reply in memory. The others wait; the writer is served."""
    statement = b"SELECT repeat('x', 1000) FROM numbers(40000) FORMAT CSV"
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(statement)
    with ExitStack() as clients:
        stalled = [clients.enter_context(socket.create_connection(("127.0.0.1", face.port))) for _ in range(3)]
        for client in stalled:
            client.sendall(request + statement)
        for client in stalled:
            client.recv(1, socket.MSG_PEEK)
        assert face.write("SELECT 1").text == "1\n"
        assert face.read("SELECT 2").text == "2\n"
        taken = [sum(map(len, iter(partial(client.recv, 1 << 20), b""))) for client in stalled]
        assert min(taken) < 40_000_000


def test_half_a_request_leaves_no_trace(face: FaceAddress) -> None:
    """A client that dies within its insert has inserted nothing."""
    with socket.create_connection(("127.0.0.1", face.port)) as client:
        client.sendall(b"POST /?user=northstream_writer&password=face-writer-password HTTP/1.1\r\nHost: localhost\r\n")
        client.sendall(b'Content-Length: 1000\r\n\r\nINSERT INTO notes FORMAT JSONEachRow {"id": 77, "text": "half"}\n')
    assert face.write("SELECT count() FROM notes WHERE id = 77").text == "0\n"
