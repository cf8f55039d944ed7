"""The main job through every role: histories in, every number as the reference says, alerts told; and no restart."""

import hmac
import json
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from reference.numbers import Definitions
from system.cluster.cluster import Cluster
from system.faces import wait_until
from system.histories.running import SECRET_KEY, WRITE_KEY, Running
from system.histories.test_random_histories import compare
from system.installation import run

pytestmark = pytest.mark.timeout(600)
"""Many processes start; on a busy machine that takes minutes."""

RECEIVER_SECRET = "whsec_" + b64encode(b"of the receiver in this test....").decode()


class ClusterRunning(Running):
    """A cluster as tests of histories see a running product: sends go to the collector, questions to the boards."""

    def __init__(self, cluster: Cluster, sender: httpx.Client, reader: httpx.Client) -> None:
        super().__init__(reader, f"http://127.0.0.1:{cluster.sql_port}/")
        self._sender = sender

    def send(self, path: str, body: bytes, secret: bool) -> int:
        reply = self._sender.post(path, content=body, auth=(SECRET_KEY if secret else WRITE_KEY, ""))
        assert reply.status_code == 200, reply.text
        verdicts = reply.json()
        return int(verdicts["accepted"] + verdicts["quarantined"])


@contextmanager
def seen_as_running(cluster: Cluster) -> Iterator[ClusterRunning]:
    """Connections to the cluster's collector and boards."""
    urls = [f"http://127.0.0.1:{cluster.of(role).port}" for role in ("collector", "boards")]
    with httpx.Client(base_url=urls[0], timeout=60) as sender, httpx.Client(base_url=urls[1], timeout=60) as reader:
        yield ClusterRunning(cluster, sender, reader)


class Receiver(ThreadingHTTPServer):
    """Takes webhooks on a port of its own and keeps them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.taken: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def messages(self) -> list[dict[str, Any]]:
        """What they said; each must be signed with the receiver's key."""
        for headers, body in self.taken:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            key = b64decode(RECEIVER_SECRET.removeprefix("whsec_"))
            signature = b64encode(hmac.new(key, signed, sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{signature}"
        return [json.loads(body) for _, body in self.taken]


class _Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Receiver)
        self.server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def workspace_with_alert(folder: Path, port: int) -> Path:
    """The default workspace with a rule that the first signups of today break."""
    assert run("init", "workspace", cwd=folder).returncode == 0
    hook = {"url": f"http://127.0.0.1:{port}/hook", "secret": RECEIVER_SECRET, "allow_private": True}
    rule = {"alert": "AnySignup", "metric": "signups", "bucket": "running", "condition": "> 0", "owner": "growth"}
    alerts = {
        "receivers": [{"name": "test", "webhook": hook}],
        "groups": [{"name": "test", "interval": "1s", "receiver": "test", "rules": [rule]}],
    }
    for path in (folder / "workspace" / "alerts").glob("*.yaml"):
        path.unlink()
    (folder / "workspace" / "alerts" / "test.yaml").write_text(yaml.safe_dump(alerts))
    return folder / "workspace"


@pytest.mark.long
def test_every_number_of_a_cluster_equals_the_reference(cluster: Cluster, tmp_path: Path, receiver: Receiver) -> None:
    """Two workers, each with its share of the partitions; an alert fires and the boards show it; all end with 0."""
    cluster.settings |= {
        "WRITE_KEY": WRITE_KEY,
        "SECRET_KEY": SECRET_KEY,
        "WORKSPACE": str(workspace_with_alert(tmp_path, receiver.server_port)),
    }
    cluster.start()
    began = time.time()
    with seen_as_running(cluster) as running:
        compare(running, Definitions(), seed=5, rounds=1, batches=40, kept=tmp_path / "history.json")
    print(f"histories compared after {time.time() - began:.1f} s")
    signup = {"type": "track", "event": "Account Created", "userId": "signs-up-now", "messageId": "m-now"}
    cluster.send({"batch": [signup]})
    wait_until(lambda: bool(receiver.messages()), "a webhook")
    assert receiver.messages()[0]["type"] == "alert.firing"
    wait_until(lambda: cluster.get("/api/alerts")["alerts"][0]["state"] == "firing", "the boards show that it fires")
    assert all("ended with code" not in member.text() for member in cluster.members), "a process was started again"
    assert {member.name: member.terminate() for member in cluster.members} == {
        member.name: 0 for member in cluster.members
    }


@pytest.mark.long
def test_every_number_of_a_cluster_equals_the_reference_round_after_round(cluster: Cluster, tmp_path: Path) -> None:
    """What was counted is corrected by what comes later, through three workers."""
    cluster.settings |= {"WRITE_KEY": WRITE_KEY, "SECRET_KEY": SECRET_KEY}
    cluster.start("warehouse", "collector", "worker", "worker", "worker", "loader", "boards")
    with seen_as_running(cluster) as running:
        compare(running, Definitions(), seed=6, rounds=4, batches=60, kept=tmp_path / "history.json")
