"""`northstream audit` and `northstream replay` on a running product: every number again, from the stored events."""

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from system.installation import Installation, run, running

NOW = datetime.now(UTC).replace(microsecond=0)
_STREAMED_POINTS = (
    "SELECT metric, day, value FROM northstream.metric_points WHERE metric IN ('dau', 'wau', 'mau', 'stickiness',"
    " 'signups', 'activated', 'activations', 'activation_rate') ORDER BY metric, day"
)
"""Those that a replay makes anew; the others are computed beside it, each in its time."""

CORE_ACTIONS = ("Project Created", "Task Completed", "Teammate Invited")


def message(name: str, event: str, at: datetime, **ids: str) -> dict[str, Any]:
    return {"type": "track", "event": event, "messageId": name, "timestamp": at.isoformat(), **ids}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def day(at: datetime) -> str:
    return at.date().isoformat()


def life(user: str, at: datetime) -> list[dict[str, Any]]:
    """A person who comes by device, signs up, and does three core actions within the hour."""
    ids = {"userId": user, "anonymousId": f"device of {user}"}
    return [
        message(f"{user} looks", "Pricing Viewed", at, anonymousId=ids["anonymousId"]),
        message(f"{user} signs up", "Account Created", at + timedelta(minutes=1), **ids),
        *(
            message(f"{user} does {number}", event, at + timedelta(minutes=2 + number), userId=user)
            for number, event in enumerate(CORE_ACTIONS)
        ),
    ]


def ask(product: Installation, *arguments: str, cwd: Path, workspace: Path | None = None) -> CompletedProcess[str]:
    """A command against the running product."""
    ports = ("--port", product.url.rpartition(":")[2], "--clickhouse-port", product.sql_url.rpartition(":")[2])
    folder = ("--data-dir", str(product.data_dir), *(("--workspace", str(workspace)) if workspace else ()))
    return run(*arguments, *folder, *ports, cwd=cwd)


def value(product: Installation, metric: str, on: datetime, edition: str = "now") -> dict[str, Any]:
    bounds = f"from={day(on)}&to={day(on)}&as_of={edition}"
    point: dict[str, Any] = product.get(f"/api/metrics/{metric}?{bounds}")["points"][0]
    return point


def make_workspace(folder: Path, *changes: tuple[str, str]) -> Path:
    if not folder.exists():
        assert run("init", str(folder), cwd=folder.parent).returncode == 0
    main = folder / "workspace.yaml"
    for old, new in changes:
        assert old in main.read_text()
        main.write_text(main.read_text().replace(old, new))
    return folder


def test_an_audit_finds_nothing_and_a_replay_changes_nothing(tmp_path: Path) -> None:
    """SQL over the stored events gives every published number, before and after a rebuild from them."""
    with running(tmp_path / "data") as product:
        for number in range(8):
            product.send(*life(f"user {number}", ago(number)))
        product.settle()
        first = ask(product, "audit", cwd=tmp_path)
        assert (first.returncode, first.stderr) == (0, "")
        assert "numbers compared, no difference" in first.stdout
        before = product.rows(_STREAMED_POINTS)
        engine = product.child("engine")
        replayed = ask(product, "replay", cwd=tmp_path)
        assert (replayed.returncode, replayed.stderr) == (0, "")
        assert "the new numbers are served" in replayed.stdout
        assert product.child("engine") != engine
        product.settle()
        assert product.rows(_STREAMED_POINTS) == before
        assert product.get("/api/persons/user%203")["active_days"] == 1
        product.send(*life("user 8", ago(0)))
        product.settle()
        assert value(product, "signups", ago(0))["value"] == 2
        assert ask(product, "audit", cwd=tmp_path).returncode == 0


def test_a_replay_of_a_stopped_product_waits_for_its_next_start(tmp_path: Path) -> None:
    """The wish is kept; the next start fulfils it once."""
    with running(tmp_path / "data") as product:
        product.send(*life("ada", ago(1)))
        product.settle()
    asked = run("replay", "--data-dir", "data", cwd=tmp_path)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "its next start rebuilds" in asked.stdout
    with running(tmp_path / "data") as product:
        product.settle()
        assert value(product, "activated", ago(1))["value"] == 1
        wait_until_gone(tmp_path / "data" / "replay.requested")


def wait_until_gone(path: Path) -> None:
    deadline = time.monotonic() + 60
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_changed_definitions_rebuild_the_numbers_at_the_next_start(tmp_path: Path) -> None:
    """Three core actions activate; when two of them count no more, nobody was ever activated."""
    workspace = make_workspace(tmp_path / "workspace")
    with running(tmp_path / "data", "--workspace", str(workspace)) as product:
        product.send(*life("ada", ago(2)), *life("bob", ago(1)))
        product.settle()
        assert [value(product, "activated", ago(days))["value"] for days in (2, 1)] == [1, 1]
    make_workspace(workspace, ("  - Task Completed\n  - Teammate Invited\n", ""))
    with running(tmp_path / "data", "--workspace", str(workspace)) as product:
        product.settle()
        assert [value(product, "activated", ago(days))["value"] for days in (2, 1)] == [0, 0]
        assert [value(product, "signups", ago(days))["value"] for days in (2, 1)] == [1, 1]
        assert value(product, "activated", ago(2))["restated"] is True
        assert value(product, "activated", ago(2), "first")["value"] == 1
        [why] = product.rows(
            "SELECT reason FROM northstream.restatements WHERE metric = 'activated' AND before = 1 "
            f"AND day = '{day(ago(2))}'"
        )
        assert why == {"reason": "definition"}
        refused = ask(product, "audit", cwd=tmp_path)
        assert (refused.returncode, "--workspace" in refused.stderr) == (2, True)
        assert ask(product, "audit", cwd=tmp_path, workspace=workspace).returncode == 0


@pytest.mark.long
def test_an_event_behind_the_horizon_is_repaired_by_the_audit_for_good(tmp_path: Path) -> None:
    """Stored and counted as late; the repair stands beside what the workers go on publishing."""
    workspace = make_workspace(tmp_path / "workspace", ("horizon: 45d", "horizon: 8d"))
    late = ago(60)
    with running(tmp_path / "data", "--workspace", str(workspace)) as product:
        for number in range(9):
            # Days freeze some rounds after all partitions have passed them.
            product.send(
                *(message(f"{user} in round {number}", "Task Completed", ago(0), userId=user) for user in "abcdefghij")
            )
            product.settle()
        product.send(*life("late", late))
        assert product.settle()["late"] == 5
        found = ask(product, "audit", cwd=tmp_path, workspace=workspace)
        assert found.returncode == 1, found.stdout
        assert f"activations {day(late)}: published 0, events say 1" in found.stdout
        repaired = ask(product, "audit", "--repair", cwd=tmp_path, workspace=workspace)
        assert (repaired.returncode, repaired.stderr) == (0, ""), repaired.stdout
        assert "no difference" in repaired.stdout
        assert value(product, "activations", late)["value"] == 1
        product.send(*life("late too", late), *life("new", ago(0)))
        product.settle()
        assert value(product, "activations", late)["value"] == 1
        assert value(product, "signups", ago(0))["value"] == 1
        assert ask(product, "audit", "--repair", cwd=tmp_path, workspace=workspace).returncode == 0
        assert value(product, "activations", late)["value"] == 2
        assert value(product, "activations", late)["restated"] is True
        assert value(product, "activations", late, "first")["value"] == 0
    with running(tmp_path / "data", "--workspace", str(workspace)) as product:
        product.settle()
        assert value(product, "activations", late)["value"] == 2


def test_an_audit_needs_a_running_product(tmp_path: Path) -> None:
    """One sentence, exit code 2."""
    result = run("audit", "--data-dir", "nowhere", cwd=tmp_path)
    assert result.returncode == 2
    sentence = f"northstream: no northstream runs on {tmp_path}/nowhere; start it with: northstream up"
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_a_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    """A wrong folder is told, not made."""
    result = run("replay", "--data-dir", "nowhere", cwd=tmp_path)
    assert result.returncode == 2
    assert "nothing is kept in" in result.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.long
def test_an_audit_beside_steady_traffic_takes_nothing_under_way_for_wrong(tmp_path: Path) -> None:
    """Events keep coming: days that are over are compared, and nothing is repaired that was right."""
    stopping = threading.Event()
    with running(tmp_path / "data") as product:
        product.send(*life("ada", ago(3)))

        def send() -> None:
            for number in itertools.count():
                product.send(message(f"steady {number}", "Task Completed", ago(0), userId=f"user {number}"))
                if stopping.wait(0.02):
                    return

        sender = threading.Thread(target=send)
        sender.start()
        try:
            result = ask(product, "audit", "--repair", cwd=tmp_path)
        finally:
            stopping.set()
            sender.join()
        assert (result.returncode, result.stderr) == (0, ""), result.stdout
        assert "repaired" not in result.stdout
        product.settle()
        assert ask(product, "audit", cwd=tmp_path).returncode == 0
