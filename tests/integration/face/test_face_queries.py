"""The HTTP face as curl and plain HTTP clients see it: formats, parameters, headers, codings, errors."""

import gzip
import json
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import lz4.frame
import pytest
import zstandard
from integration.face.face_address import FaceAddress

from warehouse.face_bodies import from_blocks, to_blocks

FORMATS = [
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8", b"3\thome\n"),
    ("TSVWithNames", "text/tab-separated-values; charset=UTF-8", b"hits\tpage\n3\thome\n"),
    ("CSV", "text/csv; charset=UTF-8; header=absent", b'3,"home"\n'),
    ("CSVWithNames", "text/csv; charset=UTF-8; header=present", b'"hits","page"\n3,"home"\n'),
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8", b'{"hits":3,"page":"home"}\n'),
    ("Values", "text/plain; charset=UTF-8", b"(3,'home')"),
    ("RowBinary", "application/octet-stream", b"\x03" + bytes(7) + b"\x04home"),
    ("Native", "application/octet-stream", b"\x02\x01\x04hits\x05Int64\x03" + bytes(7) + b"\x04page\x06String\x04home"),
    ("Null", "text/plain; charset=UTF-8", b""),
]


@pytest.mark.parametrize(("form", "content_type", "data"), FORMATS)
def test_every_format_is_that_of_the_engine(face: FaceAddress, form: str, content_type: str, data: bytes) -> None:
    """In the statement, in the URL or in a header, the format is the one asked for, with its content type."""
    statement = "SELECT hits, page FROM visits WHERE hits = 3"
    asked = (
        face.read(f"{statement} FORMAT {form}"),
        face.read(statement, default_format=form),
        httpx.post(face.url, content=statement, headers={"X-ClickHouse-Format": form}),
    )
    for reply in asked:
        assert reply.content == data
        assert reply.headers["content-type"].replace(" ", "").lower() == content_type.replace(" ", "").lower()
        assert reply.headers["x-clickhouse-format"] == form


@pytest.mark.parametrize("form", ["JSON", "JSONCompact", "JSONStrings"])
def test_json_carries_names_and_types(face: FaceAddress, form: str) -> None:
    """What BI tools read."""
    reply = face.read("SELECT hits, page FROM visits ORDER BY day", default_format=form).json()
    assert [column["name"] for column in reply["meta"]] == ["hits", "page"]
    assert reply["rows"] == 2


@pytest.mark.parametrize(("form", "magic"), [("Parquet", b"PAR1"), ("ArrowStream", b"\xff" * 4), ("ORC", b"ORC")])
def test_files_come_whole(face: FaceAddress, form: str, magic: bytes) -> None:
    """Formats with a footer are not cut into pieces."""
    assert face.read("SELECT number FROM numbers(100000)", default_format=form).content.startswith(magic)


def test_pretty_is_drawn(face: FaceAddress) -> None:
    """For people with curl."""
    assert "┃ page" in face.read("SELECT page FROM visits FORMAT Pretty").text


def curl(*arguments: str, body: bytes = b"") -> str:
    ran = subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], input=body, capture_output=True, check=True)
    return ran.stdout.decode()


def test_curl_asks_in_every_usual_way(face: FaceAddress) -> None:
    """Query in the URL, in the body, split over both; by GET and POST; database and user in URL, header, Basic."""
    assert curl(f"{face.url}/ping") == "Ok.\n"
    assert curl(face.url) == "Ok.\n"
    assert curl(f"{face.url}/?query=SELECT+1") == "1\n"
    assert curl(face.url, "--data-binary", "SELECT sum(hits) FROM northstream.visits;") == "7\n"
    assert curl(f"{face.url}/?query=SELECT+sum(hits)", "--data-binary", "FROM visits") == "7\n"
    assert curl(f"{face.url}/?database=northstream", "-d", "SELECT currentDatabase()") == "northstream\n"
    assert curl(face.url, "-H", "X-ClickHouse-Database: default", "-d", "SELECT currentDatabase()") == "default\n"
    assert curl(face.url, "-u", "default:", "-d", "SELECT currentUser()") == "default\n"
    user, password = face.writer
    headers = ("-H", f"X-ClickHouse-User: {user}", "-H", f"X-ClickHouse-Key: {password}")
    assert curl(face.url, *headers, "-d", "SELECT 1") == "1\n"
    assert curl(f"{face.url}/?user={user}&password={password}", "-d", "SELECT 1") == "1\n"
    assert curl(face.url, "--compressed", "-d", "SELECT 1") == "1\n"


PARAMETERS = [
    ("{x:String}", "it's", "it\\'s\n"),
    ("{x:String}", "a\\tb", "a\\tb\n"),
    ("{x:String}", "'; DROP TABLE visits; --", "\\'; DROP TABLE visits; --\n"),
    ("{x:String}", "été", "été\n"),
    ("{x:Nullable(String)}", "\\N", "\\N\n"),
    ("{x:Int64} + 1", "41", "42\n"),
    ("{x:Date}", "2026-11-01", "2026-11-01\n"),
    ("{x:DateTime64(3, 'UTC')}", "2026-11-01 00:00:00.123", "2026-11-01 00:00:00.123\n"),
    ("{x:Array(String)}", "['a','b']", "['a','b']\n"),
]


@pytest.mark.parametrize(("expression", "value", "answer"), PARAMETERS)
def test_values_are_bound_by_the_engine(face: FaceAddress, expression: str, value: str, answer: str) -> None:
    """{name:Type} takes param_name as a server does: typed, never as text of the statement."""
    assert face.read(f"SELECT {expression}", param_x=value).text == answer


ERRORS = [
    ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
    ("", 400, 62, "SYNTAX_ERROR"),
    ("SELECT * FROM nowhere", 404, 60, "UNKNOWN_TABLE"),
    ("SELECT * FROM nowhere.visits", 404, 81, "UNKNOWN_DATABASE"),
    ("SELECT nothing FROM visits", 404, 47, "UNKNOWN_IDENTIFIER"),
    ("SELECT nowhere(1)", 404, 46, "UNKNOWN_FUNCTION"),
    ("SELECT 1 FORMAT Nothing", 404, 73, "UNKNOWN_FORMAT"),
    ("SELECT toDate('x')", 400, 38, "CANNOT_PARSE_DATE"),
    ("SELECT toInt8('x')", 400, 6, "CANNOT_PARSE_TEXT"),
    ("SELECT match('a', '(')", 400, 427, "CANNOT_COMPILE_REGEXP"),
    ("SELECT intDiv(1, 0)", 500, 153, "ILLEGAL_DIVISION"),
    ("SELECT throwIf(number = 90000) FROM numbers(100000)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ("SELECT {x:Int8}", 500, 456, "UNKNOWN_QUERY_PARAMETER"),
    ("SELECT " + "(" * 5000 + "1" + ")" * 5000, 500, 306, "TOO_DEEP_RECURSION"),
    ("SELECT '" + "x" * 300_000 + "'", 400, 62, "SYNTAX_ERROR"),
]


@pytest.mark.parametrize(("statement", "status", "code", "name"), ERRORS, ids=[error[0][:40] for error in ERRORS])
def test_errors_are_those_of_a_server(face: FaceAddress, statement: str, status: int, code: int, name: str) -> None:
    """HTTP status, header, and a text that official clients can parse."""
    reply = face.read(statement)
    assert reply.status_code == status, reply.text[:500]
    assert reply.headers["x-clickhouse-exception-code"] == str(code)
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name}) (version " in reply.text
    assert "formatQuery" not in reply.text


def test_an_unknown_database_is_404(face: FaceAddress) -> None:
    """Whether the URL names it or the statement."""
    reply = face.read("SELECT 1", database="nowhere")
    assert (reply.status_code, reply.headers["x-clickhouse-exception-code"]) == (404, "81")


def test_headers_tell_what_clients_look_for(face: FaceAddress) -> None:
    """The client's query id comes back, a new one otherwise; counts are strings."""
    reply = face.read("SELECT * FROM visits", query_id="mine-1")
    assert reply.headers["x-clickhouse-query-id"] == "mine-1"
    assert reply.headers["x-clickhouse-timezone"]
    assert reply.headers["x-clickhouse-server-display-name"]
    summary = json.loads(reply.headers["x-clickhouse-summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("2", "2")
    assert all(isinstance(count, str) for count in summary.values())
    uuid.UUID(face.read("SELECT 1", query_id="a\r\nX-Evil: 1").headers["x-clickhouse-query-id"])


def test_transport_parameters_are_understood(face: FaceAddress) -> None:
    """What clients send with every query must not be taken for a setting."""
    sent = {
        "session_id": "s",
        "session_timeout": "60",
        "wait_end_of_query": "1",
        "buffer_size": "1048576",
        "send_progress_in_http_headers": "1",
        "http_headers_progress_interval_ms": "100",
        "client_protocol_version": "54405",
        "enable_http_compression": "0",
        "log_comment": "x",
        "readonly": "2",
        "max_result_rows": "10",
        "result_overflow_mode": "throw",
        "output_format_json_quote_64bit_integers": "1",
    }
    assert face.read("SELECT toInt64(1) AS a FORMAT JSONEachRow", **sent).text == '{"a":"1"}\n'
    assert "(TOO_MANY_ROWS_OR_BYTES)" in face.read("SELECT number FROM numbers(100)", **sent).text


@pytest.mark.parametrize("coding", ["gzip", "zstd", "lz4"])
def test_replies_are_compressed_on_demand(face: FaceAddress, coding: str) -> None:
    """Only with enable_http_compression and a coding that the client accepts."""
    plain = b"".join(b"%d\n" % number for number in range(10_000))
    for enabled, expected in (("1", coding), ("0", None)):
        with httpx.stream(
            "POST",
            face.url,
            params={"enable_http_compression": enabled},
            content="SELECT number FROM numbers(10000)",
            headers={"Accept-Encoding": f"br, {coding};q=0.5"},
        ) as reply:
            raw = b"".join(reply.iter_raw())
        assert reply.headers.get("content-encoding") == expected
        readers = {"gzip": gzip.decompress, "lz4": lz4.frame.decompress, None: bytes}
        inflated = (
            zstandard.ZstdDecompressor().decompress(raw, 1 << 20) if expected == "zstd" else readers[expected](raw)
        )
        assert inflated == plain


def test_the_go_client_is_greeted(face: FaceAddress) -> None:
    """Its first question is answered in its own framing and names revision 0; all that follows is plain Native."""
    question = "SELECT displayName(), version(), revision(), timezone()"
    greeted = face.read(question, default_format="Native", client_protocol_version="54484").content
    assert greeted.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01")
    plain = face.read("SELECT 1 AS a", default_format="Native", client_protocol_version="54484").content
    assert plain == b"\x01\x01\x01a\x05UInt8\x01"
    assert int(face.read(question).text.split("\t")[2]) > 0


def test_own_blocks_are_spoken_both_ways(face: FaceAddress) -> None:
    """`compress=1` and `decompress=1`: ClickHouse's checksummed LZ4 blocks, as its Java client uses them."""
    reply = face.read("SELECT number FROM numbers(1000000)", compress="1")
    assert from_blocks(reply.content, 1 << 30) == b"".join(b"%d\n" % number for number in range(1_000_000))
    failed = face.read("SELECT * FROM nowhere", compress="1")
    assert failed.status_code == 404
    assert from_blocks(failed.content, 1 << 20).startswith(b"Code: 60. DB::Exception: ")
    sent = httpx.post(face.url, params={"decompress": "1"}, content=to_blocks(b"SELECT 1"))
    assert sent.text == "1\n"
    torn = bytearray(to_blocks(b"SELECT 1"))
    torn[-1] ^= 1
    assert "(CHECKSUM_DOESNT_MATCH)" in httpx.post(face.url, params={"decompress": "1"}, content=bytes(torn)).text


def packed(coding: str, body: bytes) -> bytes:
    writers = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstandard.compress, "": bytes}
    return writers[coding](body)


@pytest.mark.parametrize("coding", ["", "gzip", "lz4", "zstd"])
def test_inserts_arrive_by_every_path(face: FaceAddress, coding: str) -> None:
    """Statement in the URL or before the data, in every coding, text or binary: written once, or an error."""
    native = face.read("SELECT toInt64(1) AS id, 'a\\n;' AS text", default_format="Native").content
    ways = [
        ("INSERT INTO notes FORMAT Native", native),
        ("INSERT INTO northstream.notes (id, text) FORMAT JSONEachRow", b'{"id": 1, "text": "a\\n;"}'),
        ("INSERT INTO notes (id, text) VALUES", b"(1, 'a\\n;')"),
        ("INSERT INTO notes SETTINGS async_insert=0 FORMAT TSV", b"1\ta\\n;\n"),
        ("/* hello */ INSERT INTO notes(id, `text`) FORMAT CSV", b'1,"a\n;"\n'),
    ]
    headers = {"Content-Encoding": coding} if coding else {}
    face.write("TRUNCATE TABLE notes")
    for statement, data in ways:
        in_url = httpx.post(
            face.url, params={"query": statement}, content=packed(coding, data), auth=face.writer, headers=headers
        )
        in_body = httpx.post(
            face.url, content=packed(coding, statement.encode() + b"\n" + data), auth=face.writer, headers=headers
        )
        for reply in (in_url, in_body):
            assert (reply.status_code, reply.text) == (200, "")
            assert json.loads(reply.headers["x-clickhouse-summary"])["written_rows"] == "1"
    counted = face.read("SELECT count(), uniqExact(id, text), any(text) = 'a\\n;' FROM notes").text
    assert counted == f"{2 * len(ways)}\t1\t1\n"


@pytest.mark.parametrize(
    ("headers", "body", "name"),
    [
        ({"Content-Encoding": "br"}, b"1\tx\n", "NOT_IMPLEMENTED"),
        ({"Content-Encoding": "lz4"}, b"1\tx\n", "CANNOT_DECOMPRESS"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"1\tx\n", mtime=0)[:-9], "CANNOT_DECOMPRESS"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", "NOT_IMPLEMENTED"),
        ({}, b"x\ty\n", "CANNOT_PARSE_INPUT_ASSERTION_FAILED"),
    ],
)
def test_an_insert_that_cannot_be_read_is_an_error(
    face: FaceAddress, headers: dict[str, str], body: bytes, name: str
) -> None:
    """Never 200 with the data lost."""
    asked = {"query": "INSERT INTO notes FORMAT TSV"}
    reply = httpx.post(face.url, params=asked, content=body, headers=headers, auth=face.writer)
    assert reply.status_code >= 400
    assert f"({name})" in reply.text


def test_get_never_modifies(face: FaceAddress) -> None:
    """A writer's GET is read-only too, as on a server: links and prefetchers follow GETs."""
    for statement in ("INSERT INTO notes VALUES (1, 'x')", "DROP TABLE notes"):
        reply = httpx.get(face.url, params={"query": statement}, auth=face.writer)
        assert "(READONLY)" in reply.text
    assert face.read("EXISTS TABLE notes").text == "1\n"


def test_the_writer_defines_and_removes_tables(face: FaceAddress) -> None:
    """Migrations of `run` roles go through the face, one statement a request."""
    assert face.write("CREATE TABLE made (a Int8) ENGINE = MergeTree ORDER BY a").status_code == 200
    assert face.write("INSERT INTO made SELECT number FROM numbers(3)").status_code == 200
    assert face.write("SELECT count() FROM made").text == "3\n"
    assert "(SYNTAX_ERROR)" in face.write("DROP TABLE made; DROP TABLE made").text
    assert "(INTO_OUTFILE_NOT_ALLOWED)" in face.write("SELECT 1 INTO OUTFILE '/tmp/northstream-face-w.csv'").text
    assert face.write("DROP TABLE made").status_code == 200


def test_many_clients_are_answered_at_once(face: FaceAddress) -> None:
    """More than there are turns; each gets its own answer."""
    with ThreadPoolExecutor(16) as pool:
        replies = pool.map(lambda number: face.read(f"SELECT {number}"), range(64))
    assert [reply.text for reply in replies] == [f"{number}\n" for number in range(64)]
