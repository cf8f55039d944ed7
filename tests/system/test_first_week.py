"""The first week with `northstream up`: the guide makes a workspace, the ritual is noted, the digest tells of both."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from system.installation import Installation, run, running

pytestmark = pytest.mark.long

CHOICE = {
    "north_star": "arr",
    "inputs": {"revenue": ["arpu"], "retention": ["d30_retention"]},
    "targets": {"d30_retention": {"value": "60", "by": "2027-06-30"}},
    "board_label": "Ours",
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("week") / "data") as installation:
        yield installation


def asked(installation: Installation, method: str, path: str, **fields: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {installation.secret_key}"}
    return httpx.request(method, installation.url + path, headers=headers, timeout=60, trust_env=False, **fields)


def test_what_the_guide_saved_is_on_the_boards_without_a_restart(installation: Installation) -> None:
    """Seen, saved, read anew within seconds; a second saving of the same preview is refused."""
    shown = asked(installation, "POST", "/api/start/preview", json=CHOICE).json()
    assert shown["findings"] == []
    assert shown["is_new_folder"]
    choice = CHOICE | {"base": shown["base"]}
    assert asked(installation, "POST", "/api/start/save", json=choice).status_code == 200
    assert asked(installation, "POST", "/api/start/save", json=choice).status_code == 409
    deadline = time.monotonic() + 30
    while asked(installation, "GET", "/api/tree").json()["root"]["metric"] != "arr":
        assert time.monotonic() < deadline, "the catalogue was not read anew"
        time.sleep(0.2)
    assert asked(installation, "GET", "/api/boards/my_board").json()["label"] == "Ours"
    assert (installation.data_dir / "workspace" / "boards" / "my_board.yaml").is_file()


def test_the_digest_of_the_command_line_tells_what_was_noted(installation: Installation, tmp_path: Path) -> None:
    """A decision of the week before, an action of this one; a receiver that is not there is a sentence."""
    for path, note in (
        ("/api/decisions", {"course": "kill", "text": "Old pricing", "week": "2026-W20"}),
        ("/api/actions", {"text": "Call ten customers", "week": "2026-W21", "budget": "99.90"}),
    ):
        assert asked(installation, "POST", path, json=note).status_code == 201
    ports = (
        "--port",
        installation.url.rpartition(":")[2].strip("/"),
        "--clickhouse-port",
        installation.sql_url.rpartition(":")[2].strip("/"),
    )
    folder = ("--data-dir", str(installation.data_dir))
    told = run("digest", *folder, *ports, "--week", "2026-W21", "--lang", "en", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "[Kill] Old pricing" in told.stdout
    assert "[open] Call ten customers (Budget: €99.90)" in told.stdout
    refused = run("digest", *folder, *ports, "--send", "nobody", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert 'there is no receiver "nobody"' in refused.stderr
