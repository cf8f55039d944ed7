"""`northstream run ROLE` and `migrate` without their servers: sentences and exit codes, ports, waiting, the end."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from ports import free_ports
from system.cluster.role_process import RoleProcess
from system.faces import wait_until
from system.installation import is_alive, run

KAFKA_MISSING = "Kafka is needed: set NORTHSTREAM_KAFKA to its brokers, such as kafka:9092"
WAREHOUSE_MISSING = "a warehouse is needed: set NORTHSTREAM_CLICKHOUSE_URL, such as http://clickhouse:8123"
NEITHER = [f"northstream: {KAFKA_MISSING}", WAREHOUSE_MISSING]

_OPENER = build_opener(ProxyHandler({}))


def away() -> dict[str, str]:
    """Settings that name servers which are not there."""
    kafka, warehouse = free_ports(2)
    return {"KAFKA": f"127.0.0.1:{kafka}", "CLICKHOUSE_URL": f"http://127.0.0.1:{warehouse}", "SECRET_KEY": "sk_1"}


@contextmanager
def role(name: str, folder: Path, port: int = 0, **settings: str) -> Iterator[RoleProcess]:
    """A role that is ended with the block. `port` 0: none is set."""
    own = {"DATA_DIR": str(folder / "data"), "WRITE_KEY": "wk_1"} | settings | ({"PORT": str(port)} if port else {})
    process = RoleProcess(name, 1, folder, own, port)
    process.start()
    try:
        yield process
    finally:
        process.end()


@pytest.mark.parametrize(
    ("command", "sentences"),
    [
        (("run", "collector"), [f"northstream: {KAFKA_MISSING}"]),
        (("run", "worker"), NEITHER),
        (("run", "loader"), NEITHER),
        (("run", "alerter"), NEITHER),
        (("run", "boards"), NEITHER),
        (("migrate",), NEITHER),
    ],
)
def test_servers_that_nobody_named_are_told(tmp_path: Path, command: tuple[str, ...], sentences: list[str]) -> None:
    """A role without its servers is a configuration error: exit code 2, a sentence for each."""
    result = run(*command, cwd=tmp_path)
    assert (result.returncode, result.stderr.splitlines()) == (2, sentences)


def test_everything_wrong_with_a_role_is_told_at_once(tmp_path: Path) -> None:
    """One round is enough to mend it."""
    (tmp_path / "file").write_text("")
    result = run("run", "boards", "--workspace", "none", "--data-dir", "file/data", cwd=tmp_path)
    assert result.returncode == 2
    for sentence in (KAFKA_MISSING, WAREHOUSE_MISSING, f"the workspace {tmp_path}/none cannot be used", "file/data"):
        assert sentence in result.stderr


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("KAFKA", "kafka", "brokers are written host:port, with commas between them"),
        ("CLICKHOUSE_URL", "clickhouse:8123", "a server is written http://host:8123 or https://host:8443"),
        ("KAFKA_PREFIX", "a b", "it may have letters, digits, dots, hyphens and underscores"),
    ],
)
def test_addresses_that_cannot_be_used_are_told(tmp_path: Path, setting: str, value: str, reason: str) -> None:
    """Before anything is tried with them."""
    result = run("run", "worker", cwd=tmp_path, **{f"NORTHSTREAM_{setting}": value})
    assert result.returncode == 2
    assert f'NORTHSTREAM_{setting}: "{value}" cannot be used: {reason}' in result.stderr


def test_a_role_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    """After a moment's wait for a predecessor that may be ending."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("run", "collector", "--kafka", "127.0.0.1:1", "--port", port, cwd=tmp_path)
    assert result.returncode == 2
    advice = "is taken; stop the program that uses it, or choose another with --port"
    assert result.stderr == f"northstream: port {port} on 127.0.0.1 {advice}\n"


def test_a_collector_without_kafka_lives_and_sends_away(tmp_path: Path) -> None:
    """503 with Retry-After, promised nothing; alive, not ready; SIGTERM ends it with 0 all the same."""
    port = free_ports(1)[0]
    with role("collector", tmp_path, port, **away()) as collector:
        wait_until(lambda: collector.status("/healthz") == 200, "the collector is alive")
        assert collector.status("/readyz") == 503
        body = json.dumps({"event": "Account Created", "userId": "u"}).encode()
        with pytest.raises(HTTPError) as refusal:
            _OPENER.open(Request(f"http://127.0.0.1:{port}/v1/track", body), timeout=30)
        assert (refusal.value.code, refusal.value.headers["Retry-After"]) == (503, "1")
        assert json.load(refusal.value)["code"] == 503
        collector.wait_for_text("cannot be reached")
        assert collector.terminate() == 0


@pytest.mark.parametrize("name", ["worker", "loader", "alerter", "boards"])
def test_a_role_waits_for_its_servers_and_can_be_stopped_meanwhile(tmp_path: Path, name: str) -> None:
    """It says what it waits for; only a configuration error would end it."""
    port = free_ports(1)[0] if name == "boards" else 0
    with role(name, tmp_path, port, **away()) as waiting:
        waiting.wait_for_text('"waiting: ')
        assert waiting.is_running()
        assert waiting.terminate() == 0


def test_ctrl_c_ends_a_role(tmp_path: Path) -> None:
    """In a terminal the signal reaches the supervisor alone, which then asks its process."""
    with role("worker", tmp_path, **away()) as worker:
        child = worker.child
        worker.wait_for_text('"waiting: ')
        subprocess.run(["kill", "-INT", str(worker.pid)], check=True)
        assert worker.wait() == 0
        assert not is_alive(child)


@pytest.mark.parametrize("name", ["worker", "loader", "alerter"])
def test_a_role_without_an_http_contract_binds_no_port(tmp_path: Path, name: str) -> None:
    """Several run on one machine; `PORT` has a default that is not theirs."""
    with role(name, tmp_path, **away()) as process:
        process.wait_for_text('"waiting: ')
        assert "listens on" not in process.text()
        assert listening_sockets(process.child) == listening_sockets(process.pid) == set()


def test_a_role_with_a_port_tells_how_it_is_before_its_servers_are_there(tmp_path: Path) -> None:
    """Whoever set `PORT` watches it: alive from the beginning, not ready."""
    with role("worker", tmp_path, free_ports(1)[0], **away()) as worker:
        wait_until(lambda: worker.status("/healthz") == 200, "the worker is alive")
        assert worker.status("/readyz") == 503


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    """A role that fails restarts itself."""
    with role("worker", tmp_path, **away()) as worker:
        first = worker.kill_child()
        wait_until(lambda: worker.child != first, "another process")
        assert worker.is_running()
        assert worker.terminate() == 0


@pytest.mark.parametrize("name", ["collector", "worker", "warehouse"])
def test_no_process_outlives_its_parent(tmp_path: Path, name: str) -> None:
    """`kill -9` of the supervisor ends the process below it, and frees its port for the next start."""
    port, sql = free_ports(2)
    settings = away() | {"CLICKHOUSE_PORT": str(sql)}
    with role(name, tmp_path, port if name == "collector" else 0, **settings) as process:
        child = process.kill_supervisor()
        wait_until(lambda: not is_alive(child), f"the end of the {name} process")
        process.start()
        assert process.child != child
        assert process.is_running()


def test_roles_that_start_at_once_on_one_folder_share_its_keys(tmp_path: Path) -> None:
    """Keys are made once, whoever comes first: otherwise one role would refuse what another lets in."""
    settings = {name: value for name, value in away().items() if name != "SECRET_KEY"}
    ports = free_ports(6)
    roles = [
        RoleProcess(
            "collector", number, tmp_path, {"DATA_DIR": str(tmp_path / "d"), "PORT": str(port)} | settings, port
        )
        for number, port in enumerate(ports)
    ]
    try:
        for process in roles:
            process.start()
        for process in roles:
            process.wait_for_text("is starting")
        said = {line for process in roles for line in process.text().splitlines() if "_key" in line or " key " in line}
        keys = json.loads((tmp_path / "d" / "keys.json").read_text())
        assert said == {f"  write key   {keys['write_key']}", f"  secret key  {keys['secret_key']}"}
    finally:
        for process in roles:
            process.end()


def test_two_warehouses_never_open_one_folder(tmp_path: Path) -> None:
    """The engine takes a folder for one process; the second start says who holds it."""
    sql, other = free_ports(2)
    with role("warehouse", tmp_path, CLICKHOUSE_PORT=str(sql), SECRET_KEY="sk_1") as warehouse:
        warehouse.wait_for_text("is starting")
        second = run("run", "warehouse", "--data-dir", "data", "--clickhouse-port", str(other), cwd=tmp_path)
    assert second.returncode == 2
    assert f"is in use by another northstream (process {warehouse.pid})" in second.stderr


@pytest.mark.long
def test_roles_and_migrate_wait_for_half_a_minute_at_least(tmp_path: Path) -> None:
    """Servers of a cluster come up in any order; `migrate` gives up in the end, and says so."""
    with role("worker", tmp_path, **away()) as worker:
        named = {f"NORTHSTREAM_{name}": value for name, value in away().items()}
        result = run("migrate", cwd=tmp_path, **named)
        assert (result.returncode, worker.is_running()) == (2, True)
    assert "waiting: Kafka cannot be reached: 127.0.0.1" in result.stdout
    assert result.stderr.startswith("northstream: Kafka cannot be reached: 127.0.0.1")
    assert "waited 60 s for it" in result.stderr


def listening_sockets(pid: int) -> set[str]:
    """The inodes of the TCP sockets that a process listens on."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A":
                inodes.add(words[9])
    mine = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = str(entry.readlink())
        if target.startswith("socket:[") and target[8:-1] in inodes:
            mine.add(target)
    return mine
