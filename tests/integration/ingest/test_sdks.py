"""SDKs that people already have: requests captured from them, and the real ones for Python and Node."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[2]
SDKS = TESTS / "sdks"
CAPTURES = sorted((TESTS / "sdk_captures").glob("*.json"))
RECOMPUTED = {"host", "content-length"}


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_captured_request_is_stored_whole(collector: Any, path: Path) -> None:
    """Sent again with its own headers, body and label: every message is stored under its own id and time."""
    request = json.loads(path.read_text())["request"]
    body = json.dumps(request["body"]).encode()
    headers = {name: value for name, value in request["headers"].items() if name.lower() not in RECOMPUTED}
    wire = gzip.compress(body) if request["wire_body_is_gzip"] else body
    before_ms = time.time() * 1000
    answer = collector.client.post(request["path"], content=wire, headers=headers, auth=None)
    items = request["body"].get("batch", [request["body"]])
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["quarantined"]) == (200, len(items), 0)
    rows = {row["message_id"]: row for row in collector.events()}
    assert rows.keys() == {item["messageId"] for item in items}
    for item in items:
        row = rows[item["messageId"]]
        assert row["type"] == item["type"]
        assert row.get("user_id", "") == (item.get("userId") or "")
        assert row.get("anonymous_id", "") == (item.get("anonymousId") or "")
        assert row.get("properties", {}) == item.get("properties", {})
        assert row["context"] == item["context"]
        # Captured long ago, sent "now" by a clock that is off by as much: it happened a moment ago.
        assert before_ms - 10_000 < row["occurred_ms"] < time.time() * 1000
        assert row["source"] == "captured"


@pytest.fixture(scope="session")
def node_sdk(request: pytest.FixtureRequest) -> Path:
    """The folder that Segment's SDK for Node is installed in, once, below the ignored build folder."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Node.js: this SDK is a promise")
        pytest.skip("Node.js is not installed")
    folder = request.config.rootpath / "build" / "sdks"
    wanted = (SDKS / "package.json").read_text()
    if not (folder / "node_modules").exists() or (folder / "package.json").read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


def run(*command: str | Path) -> dict[str, Any]:
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    told: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return told


def check_all_kinds(collector: Any, prefix: str) -> None:
    """One call of each kind, one of them without a required property."""
    user, device = f"{prefix}-user", f"{prefix}-device"
    rows = {row["type"]: row for row in collector.events()}
    assert rows.keys() == {"page", "identify", "track", "screen", "group", "alias"}
    assert rows["page"]["anonymous_id"] == device
    assert rows["page"]["name"] == "Pricing"
    assert rows["identify"]["traits"] == {"role": "admin", "plan": "team"}
    assert rows["track"]["event"] == "Feature Used"
    assert rows["track"]["properties"] == {"feature": "board", "ratio": 0.5, "clé": "é€😀"}
    assert rows["screen"]["name"] == "Inbox"
    assert rows["group"]["group_id"] == f"{prefix}-group"
    assert rows["alias"]["previous_id"] == f"{prefix}-old"
    assert {row["user_id"] for kind, row in rows.items() if kind != "page"} == {user}
    assert not any("violations" in row for row in rows.values())
    (kept_out,) = collector.quarantine()
    assert kept_out["violations"][0]["property"] == "properties.feature"
    links = {(row["anonymous_id"], row["user_id"]) for row in collector.links()}
    assert links == {(device, user), (f"{prefix}-old", user)}


@pytest.mark.parametrize("options", [(), ("gzip",)], ids=["plain", "gzip"])
def test_segments_python_sdk_sends_everything(collector: Any, options: tuple[str, ...]) -> None:
    """All six kinds arrive; a message that is kept out makes the SDK neither fail nor send again."""
    told = run(sys.executable, SDKS / "send_with_python.py", collector.url, "wk_test", "py", *options)
    assert told["errors"] == []
    check_all_kinds(collector, "py")


@pytest.mark.node
def test_segments_node_sdk_sends_everything(collector: Any, node_sdk: Path) -> None:
    """As the one for Python."""
    told = run("node", SDKS / "send_with_node.mjs", node_sdk, collector.url, "wk_test", "js")
    assert told["errors"] == []
    assert told["sent"] == 7
    check_all_kinds(collector, "js")


@pytest.mark.node
def test_segments_node_sdk_hears_of_a_wrong_key(collector: Any, node_sdk: Path) -> None:
    """It reports the refusal instead of sending again."""
    told = run("node", SDKS / "send_with_node.mjs", node_sdk, collector.url, "nobody", "js")
    assert told["errors"]
    assert collector.events() == []


def test_segments_python_sdk_hears_of_a_wrong_key(collector: Any) -> None:
    """One error, with our words in it."""
    told = run(sys.executable, SDKS / "send_with_python.py", collector.url, "nobody", "py")
    assert any("known here" in error for error in told["errors"])
    assert collector.events() == []
