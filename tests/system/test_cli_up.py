"""`northstream up` as a whole: ready, drained, restarted, killed; nothing acknowledged is lost or counted twice."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from system.installation import Installation, is_alive, run, running


def message(number: int, user: str) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"type": "track", "event": "Task Completed", "userId": user, "messageId": f"m{number}", "timestamp": now}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("up") / "data") as installation:
        yield installation


def test_keys_are_made_once_and_kept_for_the_owner_alone(installation: Installation) -> None:
    """What is printed is what is kept."""
    path = installation.data_dir / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert installation.write_key in path.read_text()
    assert installation.secret_key in path.read_text()


def test_a_second_process_on_the_folder_is_refused(installation: Installation, tmp_path: Path) -> None:
    """One sentence that names the first, and exit code 2."""
    folder = installation.data_dir
    result = run("up", "--data-dir", str(folder), "--port", "0", "--clickhouse-port", "0", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == (
        f"northstream: the data folder {folder} is in use by another northstream (process {installation.process.pid}); "
        "stop that one, or choose another folder with --data-dir\n"
    )


def test_doctor_asks_a_running_installation(installation: Installation, tmp_path: Path) -> None:
    """Its ports are taken, and that is well."""
    port = installation.url.rpartition(":")[2]
    result = run("doctor", "--data-dir", str(installation.data_dir), "--port", port, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert f"northstream runs on port {port} and is ready" in result.stdout


def test_an_event_is_counted_in_api_and_sql(installation: Installation) -> None:
    """The way of one event, end to end."""
    assert installation.send(message(1, "ada"))["accepted"] == 1
    assert installation.settle()["accepted"] >= 1
    [point] = installation.get("/api/metrics/dau?from={0}&to={0}".format(time.strftime("%Y-%m-%d", time.gmtime())))[
        "points"
    ]
    assert point["value"] >= 1
    assert installation.rows("SELECT count() AS n FROM northstream.events_resolved WHERE message_id = 'm1'") == [
        {"n": 1}
    ]


def test_sending_goes_on_while_the_engine_restarts(installation: Installation) -> None:
    """A killed engine comes back by itself and counts what came meanwhile."""
    engine = installation.child("engine")
    os.kill(engine, signal.SIGKILL)
    for number in range(100, 110):
        assert installation.send(message(number, "bob"))["accepted"] == 1
    wait_until_ready(installation)
    installation.settle()
    assert installation.child("engine") != engine
    rows = installation.rows("SELECT uniqExact(message_id) AS n FROM northstream.events_resolved WHERE user_id = 'bob'")
    assert rows == [{"n": 10}]


def test_a_killed_collector_comes_back_and_refuses_no_connection(installation: Installation) -> None:
    """The port stays open: a request waits for the next collector."""
    os.kill(installation.child("collector"), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while True:
        try:
            assert installation.send(message(200, "eve"))["accepted"] == 1
            break
        except (httpx.RemoteProtocolError, httpx.ReadError):
            # The connection was taken by the process that died.
            assert time.monotonic() < deadline
    wait_until_ready(installation)
    installation.settle()
    rows = installation.rows("SELECT count() AS n FROM northstream.events_resolved WHERE user_id = 'eve'")
    assert rows == [{"n": 1}]


def wait_until_ready(installation: Installation) -> None:
    deadline = time.monotonic() + 60
    while httpx.get(f"{installation.url}/readyz", timeout=30, trust_env=False).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_signal_drains_and_a_restart_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    """Exit code 0; the next start has the same keys and counts nothing twice."""
    with running(tmp_path / "data") as first:
        first.send(*(message(i, f"user{i % 7}") for i in range(50)))
        assert first.stop(number) == 0
    with running(tmp_path / "data") as second:
        assert second.secret_key == first.secret_key
        second.send(*(message(i, f"user{i % 7}") for i in range(40, 60)))
        quality = second.settle()
        assert (quality["accepted"], quality["duplicates"]) == (70, 10)
        today = time.strftime("%Y-%m-%d", time.gmtime())
        assert second.get(f"/api/metrics/dau?from={today}&to={today}")["points"][0]["value"] == 7


def test_children_end_with_a_killed_parent_and_a_new_start_follows_at_once(tmp_path: Path) -> None:
    """Whoever got a 200 finds the event after `kill -9` of everything."""
    with running(tmp_path / "data") as first:
        children = [first.child("collector"), first.child("engine")]
        first.send(message(1, "ada"))
        first.kill()
    with running(tmp_path / "data") as second:
        assert not any(is_alive(child) for child in children)
        assert second.settle()["accepted"] == 1
        assert second.rows("SELECT count() AS n FROM northstream.events_resolved") == [{"n": 1}]
