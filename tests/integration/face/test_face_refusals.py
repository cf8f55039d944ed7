"""What the read-only user of the HTTP face is refused, by attacks on the real engine."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from integration.face.face_address import FaceAddress

READONLY, DENIED = "READONLY", "ACCESS_DENIED"

REACHING_OUT = [
    "url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "file('/etc/passwd', 'LineAsString')",
    "fileCluster('default', '/etc/passwd', 'LineAsString')",
    "filesystem('/etc')",
    "s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "s3Cluster('default', 'http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "gcs('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "azureBlobStorage('http://127.0.0.1:1', 'c', 'b', 'u', 'cGFzcw==')",
    "hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a String')",
    "deltaLake('http://127.0.0.1:1/bucket/x')",
    "iceberg('http://127.0.0.1:1/bucket/x')",
    "icebergLocal('/tmp/x')",
    "remote('127.0.0.1:9000', 'system.one')",
    "remoteSecure('127.0.0.1:9000', 'system.one')",
    "cluster('default', system.one)",
    "mysql('127.0.0.1:3306', 'd', 't', 'u', 'p')",
    "postgresql('127.0.0.1:5432', 'd', 't', 'u', 'p')",
    "mongodb('127.0.0.1:27017', 'd', 'c', 'u', 'p', 'a String')",
    "redis('127.0.0.1:6379', 'k', 'k String')",
    "sqlite('/tmp/a.db', 't')",
    "odbc('a', 'b', 'c')",
    "jdbc('a', 'b', 'c')",
    "executable('id', 'CSV', 'a String')",
    "python('sys')",
    "merge('system', '.*')",
    "loop(northstream.visits)",
    "input('a Int8')",
    "dictionary('x')",
    "fuzzJSON('{}')",
    "generateRandom('a String')",
    "URL('http://127.0.0.1:1/', 'CSV', 'a String')",
    "`url`('http://127.0.0.1:1/', 'CSV', 'a String')",
    "/* */ url /* */ ('http://127.0.0.1:1/', 'CSV', 'a String')",
]


@pytest.mark.parametrize("source", REACHING_OUT)
def test_the_read_only_user_cannot_reach_outside(face: FaceAddress, source: str) -> None:
    """No table function that opens files, sockets, processes or endless sources, however it is spelled."""
    for statement in (f"SELECT * FROM {source} LIMIT 1", f"DESCRIBE TABLE {source}", f"EXPLAIN SELECT * FROM {source}"):
        reply = face.read(statement)
        assert reply.status_code in (403, 500), statement
        assert f"({READONLY})" in reply.text or f"({DENIED})" in reply.text, reply.text


REFUSED = [
    ("INSERT INTO notes VALUES (1, 'x')", READONLY),
    ("INSERT INTO notes SELECT 1, 'x'", READONLY),
    ('insert into notes format JSONEachRow {"id": 1}', READONLY),
    ("INSERT INTO FUNCTION file('/tmp/northstream-face.csv') SELECT 1", READONLY),
    ("CREATE TABLE x (a Int8) ENGINE = Memory", READONLY),
    ("CREATE TEMPORARY TABLE x (a Int8)", READONLY),
    ("CREATE FUNCTION f AS x -> x", READONLY),
    ("CREATE DATABASE d ENGINE = MySQL('127.0.0.1:3306', 'd', 'u', 'p')", READONLY),
    ("CREATE USER x", READONLY),
    ("GRANT ALL ON *.* TO default", READONLY),
    ("ATTACH TABLE x FROM '/tmp' (a Int8) ENGINE = File(CSV)", READONLY),
    ("ALTER TABLE visits DELETE WHERE 1", READONLY),
    ("DELETE FROM visits WHERE 1", READONLY),
    ("TRUNCATE TABLE visits", READONLY),
    ("DROP TABLE visits", READONLY),
    ("RENAME TABLE visits TO x", READONLY),
    ("OPTIMIZE TABLE visits FINAL", READONLY),
    ("BACKUP TABLE visits TO File('/tmp/x')", READONLY),
    ("SYSTEM SHUTDOWN", READONLY),
    ("SYSTEM FLUSH LOGS", READONLY),
    ("KILL QUERY WHERE 1", READONLY),
    ("SET readonly = 0", READONLY),
    ("SET max_execution_time = 0", READONLY),
    ("SET param_x = '1'", READONLY),
    ("SELECT 1 SETTINGS readonly = 0", READONLY),
    ("SELECT 1 SETTINGS max_execution_time = 0", READONLY),
    ("SELECT 1 INTO OUTFILE '/tmp/northstream-face.csv'", "INTO_OUTFILE_NOT_ALLOWED"),
    ("SELECT 1; DROP TABLE visits", "SYNTAX_ERROR"),
    ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
    ("SELECT file('/etc/passwd')", DENIED),
    ("SELECT `file`('/etc/passwd')", DENIED),
    ("SELECT \"fi\\x6ce\"('/etc/passwd')", DENIED),
    ("SELECT FILE('/etc/passwd')", DENIED),
    ("SELECT (SELECT file('/etc/passwd'))", DENIED),
    ("SELECT arrayMap(file, ['/etc/passwd'])", DENIED),
    ("SELECT arrayMap(x -> file(x), ['/etc/passwd'])", DENIED),
    ("SELECT '/etc/passwd' AS p, * APPLY file FROM visits", DENIED),
    ("SELECT COLUMNS('page') APPLY(file) FROM visits", DENIED),
    ("WITH (x -> file(x)) AS f SELECT f('/etc/passwd')", DENIED),
    ("SELECT hasColumnInTable('127.0.0.1:9000', 'system', 'one', 'dummy')", DENIED),
    ("SELECT sleep(3)", DENIED),
    ("SELECT query FROM system.processes", DENIED),
    ("SELECT query FROM `system`.`processes`", DENIED),
    ("SELECT * FROM system . stack_trace", DENIED),
    ("SELECT * FROM system.asynchronous_inserts", DENIED),
    ("SELECT * FROM system.disks", DENIED),
    ("SHOW PROCESSLIST", DENIED),
]


@pytest.mark.parametrize(("statement", "name"), REFUSED)
def test_the_read_only_user_cannot_change_or_spy(face: FaceAddress, statement: str, name: str) -> None:
    """Each is refused by the name that a server gives it, and nothing has happened."""
    reply = face.read(statement)
    assert reply.status_code != 200
    assert f"({name})" in reply.text
    assert "root:" not in reply.text
    assert not Path("/tmp/northstream-face.csv").exists()
    assert face.read("SELECT sum(hits) FROM visits").text == "7\n"


NOTHING_SEEN = [
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM file.`/etc/passwd`",
    "SELECT * FROM `system.processes`",
    "SELECT dictGet('x', 'y', 1)",
    "-- { echo }\nSELEC 1",
    "exit",
    "\\q",
]


@pytest.mark.parametrize("statement", NOTHING_SEEN)
def test_names_are_never_paths(face: FaceAddress, statement: str) -> None:
    """A quoted path in place of a table, or a command of the engine's own shell, is an error and nothing else."""
    reply = face.read(statement)
    assert reply.status_code != 200
    assert "root:" not in reply.text


@pytest.mark.parametrize("value", ["system.processes", "system.proc\\x65sses", "`system`.processes"])
def test_identifier_parameters_do_not_open_system_tables(face: FaceAddress, value: str) -> None:
    """A table's name may be a parameter, but not to get around the closed list of system tables."""
    reply = face.read("SELECT * FROM {name:Identifier}", param_name=value)
    assert reply.status_code == 403


def test_an_identifier_parameter_names_a_table(face: FaceAddress) -> None:
    """What a client may write out it may also pass as a parameter."""
    assert face.read("SELECT sum(hits) FROM {name:Identifier}", param_name="visits").text == "7\n"


def test_system_is_no_current_database_for_the_read_only_user(face: FaceAddress) -> None:
    """Else unqualified names would reach its tables."""
    assert face.read("SELECT * FROM processes", database="system").status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [("readonly", "0"), ("allow_ddl", "1"), ("max_ast_depth", "0"), ("format_schema", "x"), ("a'b", "1")],
)
def test_settings_in_the_url_do_not_lift_limits(face: FaceAddress, name: str, value: str) -> None:
    """Only settings that shape a reply or lower a bound may come from the read-only user."""
    reply = face.read("SELECT 1", **{name: value})
    assert "(READONLY)" in reply.text


def test_bounds_may_be_lowered_and_never_raised(face: FaceAddress) -> None:
    """The time limit holds whatever is asked, 0 (no limit) included."""
    for asked, applied in (("5", "5\n"), ("0", "30\n"), ("1000", "30\n")):
        assert face.read("SELECT getSetting('max_execution_time')", max_execution_time=asked).text == applied


def test_an_endless_query_ends_by_its_limit(face: FaceAddress) -> None:
    """Time over is 408 TIMEOUT_EXCEEDED, as on a server."""
    reply = face.read("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)", max_execution_time="1")
    assert reply.status_code == 408
    assert reply.text.startswith("Code: 159. DB::Exception: ")


def test_readers_share_three_turns(face: FaceAddress) -> None:
    """However many ask at once, the others wait; the writer does not wait for them."""
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number, 'crowd')"
    crowd = "SELECT count() FROM system.processes WHERE position(query, 'crowd') AND NOT position(query, 'processes')"
    with ThreadPoolExecutor(5) as pool:
        replies = [pool.submit(face.read, endless, max_execution_time="1") for _ in range(5)]
        seen = []
        while not all(reply.done() for reply in replies):
            seen.append(int(face.write(crowd).text))
    assert [reply.result().status_code for reply in replies] == [408] * 5
    assert max(seen) in (1, 2, 3)


def test_a_query_of_the_reader_has_256_mb(face: FaceAddress) -> None:
    """Anybody on this machine may ask: no statement may take the memory that the engine works with."""
    reply = face.read("SELECT length(groupArray(number)) FROM numbers(100000000)", max_memory_usage="0")
    assert "(MEMORY_LIMIT_EXCEEDED)" in reply.text
    assert face.read("SELECT getSetting('max_memory_usage')").text == "256000000\n"


@pytest.mark.parametrize("column", ["number", "repeat('x', 1000)"])
@pytest.mark.parametrize("form", ["TSV", "JSON"])
def test_an_endless_result_ends_by_its_limit(face: FaceAddress, column: str, form: str) -> None:
    """Replies are held in memory, so their size is bounded; a constant column hides its size until it is written."""
    reply = face.read(f"SELECT {column} FROM numbers(10000000000)", max_result_bytes="1000000", default_format=form)
    assert "(TOO_MANY_ROWS_OR_BYTES)" in reply.text[:2000] or "(MEMORY_LIMIT_EXCEEDED)" in reply.text[:2000]


def test_one_request_leaves_nothing_behind_for_another(face: FaceAddress) -> None:
    """Parameters, settings and USE end with their request, whatever session a client names."""
    assert face.read("USE default", session_id="s").status_code == 200
    assert face.read("SELECT {x:Int8}", session_id="s", param_x="1").text == "1\n"
    assert face.read("SELECT currentDatabase()", session_id="s").text == "northstream\n"
    assert "(UNKNOWN_QUERY_PARAMETER)" in face.read("SELECT {x:Int8}", session_id="s").text


def test_wrong_credentials_are_refused_alike(face: FaceAddress) -> None:
    """403 AUTHENTICATION_FAILED for a wrong password and for an unknown user, in every way of sending them."""
    wrong = [
        {"auth": ("northstream_writer", "no")},
        {"auth": ("nobody", "face-writer-password")},
        {"params": {"user": "northstream_writer", "password": "no"}},
        {"params": {"user": "northstream_writer"}},
        {"headers": {"X-ClickHouse-User": "northstream_writer", "X-ClickHouse-Key": "no"}},
        {"headers": {"Authorization": "Basic !!!"}},
        {"headers": {"Authorization": "Bearer x"}},
    ]
    for credentials in wrong:
        reply = httpx.post(face.url, content="SELECT 1", **credentials)
        assert reply.status_code == 403
        assert reply.headers["x-clickhouse-exception-code"] == "516"
        assert "(AUTHENTICATION_FAILED)" in reply.text


def test_a_strangers_name_for_this_machine_is_refused(face: FaceAddress) -> None:
    """A web page whose host name was made to resolve to 127.0.0.1 must not read through a visitor's browser."""
    reply = httpx.get(face.url, params={"query": "SELECT 1"}, headers={"Host": "attacker.example"})
    assert reply.status_code == 403


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_whoever_comes_through_a_proxy_needs_credentials(face: FaceAddress, name: str) -> None:
    """A reverse proxy on this machine speaks for others; with a password they may."""
    reply = httpx.get(face.url, params={"query": "SELECT 1"}, headers={name: "127.0.0.1"})
    assert reply.status_code == 403
    writer = ("northstream_writer", "face-writer-password")
    assert httpx.get(face.url, params={"query": "SELECT 1"}, headers={name: "127.0.0.1"}, auth=writer).text == "1\n"


def test_bodies_have_a_cap_also_when_inflated(face: FaceAddress) -> None:
    """A small body that inflates to a huge one is 413, not memory."""

    bomb = gzip.compress(b" " * 50_000_000)
    for body, coding in ((b" " * 2_000_000, "identity"), (bomb, "gzip")):
        reply = httpx.post(face.url, content=body, headers={"Content-Encoding": coding})
        assert reply.status_code == 413
        assert "(QUERY_IS_TOO_LARGE)" in reply.text
