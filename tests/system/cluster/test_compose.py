"""The main job through docker-compose.yml, without Docker: its commands, variables and checks, as local processes.

What is not as in the file: host names are loopback addresses, volumes are folders, our `run warehouse` stands in the
place of ClickHouse, and Grafana, Prometheus and Alertmanager do not run. Imports nothing of the product.
"""

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from brokers.kafka_jars import why_no_kafka
from deployment.compose_file import ROOT, read_variables
from deployment.local_stack import OURS, SERVERS, LocalStack, members_of
from deployment.promtool import PromtoolMissing, fetched_promtool
from reference.histories import History
from reference.messages import Sent, accept
from reference.numbers import Definitions, count_accepted, earliest_copies
from reference.people import People
from system.faces import wait_until
from system.histories.running import Running, northstream

ROLES = tuple(name for name in OURS if name != "migrate")
BATCHES = 40
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

pytestmark = pytest.mark.timeout(400)


class Receiver:
    """Takes alerts and keeps them."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


class Deployed(Running):
    """The stack as users see it: the collector sends, the boards read, SQL goes to ClickHouse."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.key = stack.variables["NORTHSTREAM_SECRET_KEY"]
        client = httpx.Client(base_url=f"http://{stack.address('boards')}", timeout=60, trust_env=False)
        super().__init__(client, f"http://{stack.machine.addresses['clickhouse']}:8123/", self.key)
        self.sent: list[Sent] = []

    def send(self, path: str, body: bytes, secret: bool) -> int:
        key = self.key if secret else self.stack.variables["NORTHSTREAM_WRITE_KEY"]
        reply = self.client.post(f"http://{self.stack.address('collector')}{path}", content=body, auth=(key, ""))
        assert reply.status_code == 200, reply.text
        told = reply.json()
        return int(told["accepted"] + told["quarantined"])

    def send_history(self, seed: int, batches: int) -> None:
        """People of their own, batch after batch."""
        history = History(seed, int(time.time() * 1000), prefix=f"{seed}.")
        for batch in history.batches(batches):
            body, request = batch.sent_at(int(time.time() * 1000))
            assert self.send(batch.path, body, batch.secret) == len(batch.messages)
            self.sent.append(request)

    def telemetry_of(self, service: str, port: int) -> str:
        """What Prometheus gets from a service."""
        url = f"http://{self.stack.machine.addresses[service]}:{port}/metrics"
        reply = httpx.get(url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60, trust_env=False)
        assert reply.status_code == 200, f"{service}: {reply.text}"
        return reply.text

    def wrong(self) -> list[str]:
        """Every day of the metrics by the API and by SQL, and every message, that is not as the reference has it."""
        self.settle()
        accepted = accept(self.sent)
        numbers, people = count_accepted(accepted, Definitions()), People(accepted.messages)
        found = []
        today = datetime.now(UTC).date()
        for name in ("dau", "wau", "mau", "signups", "activated"):
            asked = {"from": str(today - timedelta(days=399)), "to": str(today)}
            shown = {point["bucket"]: point["value"] for point in self.ask(f"/api/metrics/{name}", **asked)["points"]}
            found += [f"API {name} {difference}" for difference in unequal(shown, getattr(numbers, name), today)]
        for name in ("dau", "wau", "mau"):
            shown = dict(self.rows(f"SELECT day, value FROM {name}"))
            found += [f"SQL {name} {difference}" for difference in unequal(shown, getattr(numbers, name), today)]
        rows = self.rows("SELECT message_id, person_id FROM events_resolved ORDER BY message_id")
        expected = [[one.message_id, people.person_of(one)] for one in earliest_copies(accepted.messages)]
        return found + [f"event {row}" for row in (rows + expected) if rows.count(row) != expected.count(row)]


def unequal(shown: dict[str, float], expected: dict[date, float], today: date) -> list[str]:
    """Days on which two counts differ; what is not named is 0."""
    wanted = {str(day): value for day, value in expected.items() if day <= today}
    return [
        f"{day}: {shown.get(day, 0)}, not {wanted.get(day, 0)}"
        for day in sorted(shown.keys() | wanted.keys())
        if shown.get(day, 0) != wanted.get(day, 0)
    ]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    taking = Receiver()
    yield taking
    taking.server.shutdown()
    taking.server.server_close()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Deployed]:
    """Everything of ours and its servers, started as the file says, with a history sent and settled."""
    if reason := why_no_kafka():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("compose")
    with LocalStack(variables(folder, receiver), folder) as stack:
        stack.wait_until_healthy(*ROLES)
        running = Deployed(stack)
        running.send_history(seed=11, batches=BATCHES)
        running.settle()
        yield running
        codes = stack.stop(*ROLES) | stack.stop(*SERVERS)
    print(f"exit codes after SIGTERM: {codes}")
    assert codes.pop("kafka") in (0, 143)
    assert set(codes.values()) == {0}


def variables(folder: Path, receiver: Receiver) -> dict[str, str]:
    """A `.env` as the documents say it is made, and a workspace of our own with a rule that soon fires."""
    workspace = folder / "workspace"
    subprocess.run(northstream("init", str(workspace)), check=True, capture_output=True)
    rules = {
        "receivers": [{"name": "ops", "webhook": {"url": receiver.url, "secret": SIGNING, "allow_private": True}}],
        "groups": [
            {
                "name": "compose",
                "interval": "1s",
                "receiver": "ops",
                "rules": [{"alert": "SomebodyCame", "metric": "mau", "bucket": "running", "condition": "> 0"}],
            }
        ],
    }
    (workspace / "alerts" / "product.yaml").write_text(yaml.safe_dump(rules))
    made = subprocess.run(
        ["sh", "deploy/make-env.sh", "http://127.0.0.1:9/"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    env = folder / ".env"
    env.write_text(f"{made.stdout}WORKSPACE_FOLDER={workspace}\n")
    return read_variables(env)


def test_every_check_of_the_file_holds_as_it_is_written(deployed: Deployed) -> None:
    """What Docker would run to see whether a service is well; and a check that cannot fail would be none."""
    unwell = [name for name in (*SERVERS, *ROLES) if not deployed.stack.is_healthy(name)]
    assert not unwell
    stack = deployed.stack
    addresses, stack.machine.addresses = stack.machine.addresses, dict.fromkeys(stack.machine.addresses, "127.9.9.9")
    well = [name for name in (*SERVERS, *ROLES) if stack.is_healthy(name)]
    stack.machine.addresses = addresses
    assert not well, "healthy although nobody is there"


def test_every_number_is_the_references(deployed: Deployed) -> None:
    """Events over HTTP, counters by the API, the same by SQL, each message once, each person who they are."""
    assert deployed.wrong() == []


def test_an_alert_reaches_its_receiver(deployed: Deployed, receiver: Receiver) -> None:
    """From a rule of the mounted workspace, by the alerter, over HTTP."""
    wait_until(lambda: bool(receiver.bodies), "an alert")
    assert receiver.bodies[0]["type"] == "alert.firing"
    assert receiver.bodies[0]["data"]["alert"] == "SomebodyCame"


def test_rules_and_boards_know_only_names_that_are_told(deployed: Deployed) -> None:
    """Prometheus asks every role where prometheus.yml says, with the key; whatever rules and panels use is there."""
    texts = [ROOT / "deploy" / "prometheus" / "rules.yml", *(ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")]
    missing = {name for path in texts for name in re.findall(r"\b(?:northstream|process)_\w+", path.read_text())}

    def nothing_is_missing() -> bool:
        # A role leaves out what it could not find out in time.
        for service, port in scraped():
            told = re.findall(r"^# TYPE (\w+) (\w+)$", deployed.telemetry_of(service, port), re.MULTILINE)
            for name, kind in told:
                missing.difference_update(
                    f"{name}{part}" for part in (("_bucket", "_count", "_sum") if kind == "histogram" else ("",))
                )
        return not missing

    with suppress(AssertionError):
        wait_until(nothing_is_missing, "every name is told")
    assert missing == set()


def test_prometheus_can_read_what_every_role_tells(deployed: Deployed) -> None:
    """promtool parses it as the server does, and knows the usual faults: units, suffixes, missing help."""
    try:
        promtool = fetched_promtool()
    except PromtoolMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    for service, port in scraped():
        text = deployed.telemetry_of(service, port)
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, f"{service}: {done.stderr}"


def scraped() -> set[tuple[str, int]]:
    jobs = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    return {(names["names"][0], names["port"]) for job in jobs for names in job.get("dns_sd_configs", [])}


@pytest.mark.parametrize(("service", "command"), [("worker-1", "doctor"), ("boards", "audit")])
def test_operators_commands_work_beside_a_role(deployed: Deployed, service: str, command: str) -> None:
    """`docker compose exec worker-1 northstream doctor` and the like need no settings of their own."""
    tries: list[subprocess.CompletedProcess[str]] = []

    def finds_nothing_wrong() -> bool:
        # It waits ten seconds for an answer, which a machine that does much else may not give at once.
        tries.append(deployed.stack.run_beside(service, command))
        return tries[-1].returncode == 0

    with suppress(AssertionError):
        wait_until(finds_nothing_wrong, "a good end")
    assert tries[-1].returncode == 0, tries[-1].stdout + tries[-1].stderr


def test_no_role_of_the_file_loads_the_embedded_engine(deployed: Deployed) -> None:
    """The image leaves the engine and what only it needs out; a role that loads it would not start there."""
    for name in ROLES:
        for process in members_of(deployed.stack.processes[name].pid):
            loaded = Path(f"/proc/{process}/maps").read_text()
            assert not re.search(r"/(chdb|pyarrow|pandas|numpy)/", loaded), name


@pytest.mark.long
def test_a_warehouse_out_of_a_backup_catches_up_from_kafka(deployed: Deployed) -> None:
    """The drill of docs/operations.md: writers stopped, folder copied, later lost and put back, and all is counted."""
    stack, readers = deployed.stack, ("boards", "alerter", "loader", "worker-2", "worker-1")
    deployed.settle()
    assert set((stack.stop(*readers) | stack.stop("clickhouse")).values()) == {0}
    backup = stack.folder / "backup"
    shutil.copytree(stack.warehouse_folder, backup, symlinks=True)
    stack.start("clickhouse", *readers)
    stack.wait_until_healthy(*readers)
    deployed.send_history(seed=12, batches=15)
    deployed.settle()

    stack.stop(*readers)
    stack.stop("clickhouse")
    shutil.rmtree(stack.warehouse_folder)
    # The collector needs no warehouse: what comes meanwhile is kept, too.
    deployed.send_history(seed=13, batches=8)
    shutil.copytree(backup, stack.warehouse_folder, symlinks=True, dirs_exist_ok=True)
    stack.start("clickhouse", *readers)
    stack.wait_until_healthy(*readers)
    assert deployed.wrong() == []


@pytest.mark.long
def test_three_nodes_of_the_file_keep_three_copies(tmp_path: Path, receiver: Receiver) -> None:
    """With the profile's variables the nodes find each other, and `migrate` makes topics that outlive one of them."""
    if reason := why_no_kafka():
        pytest.skip(reason)
    nodes = ("kafka", "kafka-2", "kafka-3")
    chosen = variables(tmp_path, receiver) | read_variables(ROOT / "deploy" / "three-nodes.env")
    with LocalStack(chosen, tmp_path, *nodes, "clickhouse", "migrate", "collector") as stack:
        stack.wait_until_healthy("collector")
        stack.kill("kafka-2")
        url = f"http://{stack.address('collector')}/v1/batch"
        key = chosen["NORTHSTREAM_WRITE_KEY"]
        # Enough people to meet every partition, those that the lost node led among them.
        batch = {"batch": [{"type": "track", "userId": f"u{n}", "event": "Project Created"} for n in range(100)]}

        def is_kept() -> bool:
            return httpx.post(url, json=batch, auth=(key, ""), timeout=60, trust_env=False).status_code == 200

        wait_until(is_kept, "events kept by two of three")
