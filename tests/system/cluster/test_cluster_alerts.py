"""Two alerters of a cluster: one judges, the other goes on when it is gone, and receivers cannot tell them apart.

Looks from outside only: rule files, HTTP, the log, and what a receiver got.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from brokers.shared import shared_kafka
from ports import HOST
from system.alert_receivers import Receivers, listening
from system.cluster.cluster import Cluster
from system.cluster.conftest import own_topics
from system.cluster.role_process import RoleProcess
from system.faces import OPENER, wait_until
from system.installation import run

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]
"""Many processes start; on a busy machine that takes minutes."""

_JUDGES = "northstream_alerter_judging 1.0"


@dataclass
class Scene:
    """The cluster with its two alerters, each with a folder of its own, and who hears of them."""

    cluster: Cluster
    receivers: Receivers
    alerters: tuple[RoleProcess, RoleProcess]
    signups: int = 0

    def sign_up(self) -> int:
        """One more person, so that one incident ends and the next begins; how many there are then."""
        self.signups += 1
        message = {"type": "track", "event": "Account Created", "userId": f"person {self.signups}"}
        self.cluster.send({"batch": [message | {"messageId": f"signup {self.signups}"}]})
        return self.signups

    def wait_until_told(self, number: int) -> None:
        """The start of the incident of so many signups, and the end of the one before."""

        def is_told() -> bool:
            starts = self.receivers.told(f"Exactly{number}", "alert.firing")
            return bool(starts and (number == 1 or self.receivers.told(f"Exactly{number - 1}", "alert.resolved")))

        wait_until(is_told, f"the messages about {number} signups")

    def judging(self) -> list[RoleProcess]:
        """Those that say that it is their turn."""
        return [each for each in self.alerters if _JUDGES in metrics_of(each)]

    def wait_for_the_judge(self) -> RoleProcess:
        wait_until(lambda: len(self.judging()) == 1, "one alerter judges")
        return self.judging()[0]


def metrics_of(member: RoleProcess) -> str:
    """Empty while nobody answers."""
    try:
        with OPENER.open(f"http://{HOST}:{member.port}/metrics", timeout=10) as answer:
            return str(answer.read(), "utf-8")
    except OSError:
        return ""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    workspace = tmp_path / "workspace"
    assert run("init", str(workspace), cwd=tmp_path).returncode == 0
    # Noon there now, so that no day ends meanwhile.
    main = workspace / "workspace.yaml"
    ahead = 12 - datetime.now(UTC).hour
    main.write_text(main.read_text("utf-8").replace("timezone: UTC", f"timezone: Etc/GMT{-ahead:+d}"), "utf-8")
    for file in (workspace / "alerts").glob("*.yaml"):
        file.unlink()
    settings = own_topics() | {"WORKSPACE": str(workspace), "WRITE_KEY": "wk_alerts", "SECRET_KEY": "sk_alerts"}
    with listening() as receivers:
        rules = "".join(
            f'      - {{alert: Exactly{number}, metric: signups, bucket: running, condition: "== {number}"}}\n'
            for number in range(1, 12)
        )
        text = f"{receivers.yaml('ops')}groups:\n  - name: counting\n    receiver: ops\n    rules:\n{rules}"
        (workspace / "alerts" / "ours.yaml").write_text(text, "utf-8")
        with Cluster(tmp_path, shared_kafka(), settings, with_health=True) as cluster:
            cluster.start("warehouse", "collector", "worker", "loader", "boards")
            first, second = (cluster.add("alerter", DATA_DIR=str(tmp_path / name)) for name in ("first", "second"))
            cluster.wait_until_ready()
            yield Scene(cluster, receivers, (first, second))


def test_one_alerter_judges_and_another_goes_on_without_a_message_too_many_or_too_few(scene: Scene) -> None:
    """Killed, stopped and woken up again, ended in good order: each incident has one start and one end."""
    judge = scene.wait_for_the_judge()
    scene.wait_until_told(scene.sign_up())
    judge.kill()
    scene.wait_until_told(scene.sign_up())
    judge.start()
    judge.wait_until_ready()
    frozen = scene.wait_for_the_judge()
    assert frozen is not judge
    frozen.freeze()
    scene.wait_until_told(scene.sign_up())
    number = scene.sign_up()
    frozen.thaw()
    scene.wait_until_told(number)
    last = scene.wait_for_the_judge()
    assert last.terminate() == 0
    scene.wait_until_told(scene.sign_up())
    for number in range(1, scene.signups):
        messages = scene.receivers.told(f"Exactly{number}")
        assert [each.type for each in messages] == ["alert.firing", "alert.resolved"], number
        (incident,) = {each.data["alert_id"] for each in messages}
        assert [each.id for each in messages] == [f"msg_{incident}_firing", f"msg_{incident}_resolved"]
    assert scene.receivers.forged == []
    shown = scene.cluster.get("/api/alerts")["alerts"]
    assert [each["alert"] for each in shown if each["state"] == "firing"] == [f"Exactly{scene.signups}"]
