"""ClickHouse's files: well-formed, with settings and grants that the engine knows. No server runs here."""

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import chdb
import pytest
from deployment.compose_file import ROOT

CONFIG = ElementTree.parse(ROOT / "deploy" / "clickhouse" / "config.xml").getroot()
USERS = ElementTree.parse(ROOT / "deploy" / "clickhouse" / "users.xml").getroot()

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Rows of a query to the engine."""

    def rows(sql: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in str(chdb.query(sql, "JSONEachRow")).splitlines()]

    return rows


def names(element: ElementTree.Element | None) -> list[str]:
    assert element is not None
    return [child.tag for child in element]


def test_the_engine_knows_every_setting(ask: Ask) -> None:
    """A server refuses to start with an unknown one; a renamed one would be found here first."""
    tables = {row["name"] for row in ask("SELECT name FROM system.merge_tree_settings")}
    assert set(names(CONFIG.find("merge_tree"))) <= tables
    session = {row["name"] for row in ask("SELECT name FROM system.settings")}
    for profile in ("northstream_writer", "northstream_reader"):
        settings = set(names(USERS.find(f"profiles/{profile}"))) - {"constraints"}
        assert settings <= session
    assert set(names(USERS.find("profiles/northstream_reader/constraints"))) <= session


def test_the_engine_reads_every_grant(ask: Ask) -> None:
    """Grants are statements; a wrong one would stop the server."""
    grants = [query.text or "" for query in USERS.iter("query")]
    assert len(grants) == 5
    for grant in grants:
        # In the file, the user around it stands for whom it is.
        assert ask(f"SELECT formatQuery('{grant} TO somebody') AS text")[0]["text"].startswith("GRANT")


def test_readers_may_read_and_nothing_else() -> None:
    """No writes, and no way outside: table functions such as url() and s3() need grants that readers lack."""
    reader = USERS.find("users/northstream_reader")
    assert reader is not None
    grants = [query.text or "" for query in reader.iter("query")]
    assert all(re.fullmatch(r"GRANT SELECT ON northstream\.\*", grant) for grant in grants)
    assert USERS.findtext("profiles/northstream_reader/readonly") == "2"


def test_writers_send_whole_blocks() -> None:
    """Recent servers collect inserts by default, which would move the borders that a token stands for."""
    assert USERS.findtext("profiles/northstream_writer/async_insert") == "0"
    assert USERS.findtext("profiles/northstream_writer/insert_deduplicate") == "1"
    for name in ("fsync_after_insert", "fsync_part_directory"):
        assert CONFIG.findtext(f"merge_tree/{name}") == "1"


def test_users_have_passwords_from_the_environment_and_the_default_user_no_network(project: dict[str, Any]) -> None:
    """Only hashes reach the server, and whoever has no password must be inside the container."""
    environment = project["services"]["clickhouse"]["environment"]
    for user in ("northstream_writer", "northstream_reader"):
        element = USERS.find(f"users/{user}/password_sha256_hex")
        assert element is not None
        assert re.fullmatch(r"[0-9a-f]{64}", environment[element.attrib["from_env"]])
        assert element.text is None
    networks = USERS.find("users/default/networks")
    assert networks is not None
    assert networks.attrib == {"replace": "replace"}
    assert [ip.text for ip in networks] == ["127.0.0.1", "::1"]


def test_prometheus_finds_clickhouse_where_it_is_asked(project: dict[str, Any]) -> None:
    """Disk alerts come from there."""
    port = CONFIG.findtext("prometheus/port")
    assert f'targets: ["clickhouse:{port}"]' in (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
