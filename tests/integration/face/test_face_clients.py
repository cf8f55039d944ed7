"""Official ClickHouse clients against the HTTP face: clickhouse-connect and the one for Node."""

import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integration.face.face_address import FaceAddress

NODE_CLIENT = "@clickhouse/client@1.23.1"
_ROOT = Path(__file__).parents[3]


def test_clickhouse_connect_reads(face: FaceAddress) -> None:
    """Its whole start-up, typed rows, bound parameters, streams and summaries."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=face.port, database="northstream")
    try:
        assert client.ping()
        query = "SELECT day, page, hits FROM visits WHERE page = {page:String} AND hits IN {hits:Array(Int64)}"
        found = client.query(query, parameters={"page": "it's", "hits": [4, 5]})
        assert found.result_rows == [(date(2026, 11, 2), "it's", 4)]
        assert found.summary["result_rows"] == "1"
        assert client.command("SELECT count() FROM visits") == 2
        assert client.query("SELECT * FROM visits WHERE hits > 100").result_rows == []
        assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'
        with client.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
            assert sum(len(block) for block in blocks) == 200_000
    finally:
        client.close()


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_clickhouse_connect_inserts(face: FaceAddress, compress: str | bool) -> None:
    """Its inserts carry the statement inside the compressed body; every row arrives."""
    user, password = face.writer
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=face.port, username=user, password=password, database="northstream", compress=compress
    )
    try:
        client.command(
            "CREATE OR REPLACE TABLE sent (id Int64, at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY id"
        )
        rows = [[number, datetime(2026, 11, 1, 12, 0, 0, 123000, UTC)] for number in range(5_000)]
        written = client.insert("sent", rows, column_names=["id", "at"])
        assert written.written_rows == 5_000
        assert client.raw_insert("sent", ["id"], b"9000\n9001\n", fmt="TSV") is not None
        counted = client.query(
            "SELECT count(), uniqExact(id), max(at) FROM sent", settings={"max_threads": 1}
        ).result_rows
        assert counted == [(5_002, 5_002, datetime(2026, 11, 1, 12, 0, 0, 123000))]
    finally:
        client.close()


def test_clickhouse_connect_gets_errors_with_their_codes(face: FaceAddress) -> None:
    """Unknown table, an insert without the right, a wrong password."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=face.port)
    with pytest.raises(DatabaseError, match=r"code: 60.*UNKNOWN_TABLE"):
        client.query("SELECT * FROM nowhere")
    with pytest.raises(DatabaseError, match=r"code: 164.*READONLY"):
        client.insert(
            "northstream.notes", [[1, "x"]], column_names=["id", "text"], column_type_names=["Int64", "String"]
        )
    client.close()
    with pytest.raises(DatabaseError, match=r"AUTHENTICATION_FAILED"):
        clickhouse_connect.get_client(host="127.0.0.1", port=face.port, username=face.writer[0], password="no")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with the Node client, installed once into the ignored build/ folder."""
    folder = _ROOT / "build" / "node"
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, and Node.js is missing")
        pytest.skip("Node.js is not installed")
    if not (folder / "node_modules" / "@clickhouse" / "client").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder), NODE_CLIENT]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


@pytest.mark.node
def test_the_node_client_works(face: FaceAddress, node_modules: Path) -> None:
    """Ping, compressed insert, bound parameters, JSON whole and streamed, errors by code and name."""
    script = Path(__file__).with_name("node_client.mjs")
    ran = subprocess.run(
        ["node", script, node_modules, face.url, *face.writer], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "ping": True,
        "written_rows": "2",
        "rows": [{"id": 1, "text": "it's"}],
        "query_id": True,
        "count": 2,
        "streamed": 100_000,
        "unknown_table": ["60", "UNKNOWN_TABLE"],
        "read_only": ["164", "READONLY"],
        "wrong_password": ["516", "AUTHENTICATION_FAILED"],
    }
