"""Alert rules and receivers of our own on a live product: told once, silent on bad data, edited while it runs.

Looks from outside only: rule files, HTTP, SQL, and what receivers got. One product for all, killed and started again.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from system.alert_receivers import Receivers, listening
from system.faces import wait_until
from system.installation import run
from system.running import NorthStream
from system.verifying import seed

pytestmark = pytest.mark.timeout(1800)

STARTS = 40
"""More signups than any test needs."""

STRANGE = "Inscriptions élevées – « Québec » 🚀 <b>&amp;"
SUMMARY = "C'est \"haut\" : 100 % d'été\n→ voir <i>là</i>"

EXACT = '      - {{alert: Exactly{number}, metric: signups, bucket: running, condition: "== {number}"}}\n'

RULES = f"""
data_receivers: [data]
groups:
  - name: counting
    interval: 1s
    receiver: ops
    rules:
{"".join(EXACT.format(number=number) for number in range(1, STARTS))}
  - name: "été"
    receivers: [ops, night]
    rules:
      - alert: "{STRANGE}"
        metric: signups
        bucket: running
        condition: ">= 1"
        labels: {{severity: critical, équipe: "croissance & co"}}
        annotations: {{summary: {json.dumps(SUMMARY, ensure_ascii=False)}}}
  - name: visits
    receiver: ops
    rules:
      - {{alert: ManyVisits, funnel: onboarding, step: 1, bucket: running, condition: "> 4"}}
  - name: data
    rules:
      - {{alert: QuarantineSpike, quality: quarantine_share, condition: "> 20", inhibits: true, receiver: data}}
"""


@dataclass
class Scene:
    """The product, who hears of it, and its rule file."""

    product: NorthStream
    receivers: Receivers
    rules: Path
    signups: int = 0

    def write(self, rules: str) -> None:
        self.rules.write_text(self.receivers.yaml("ops", "night", "data") + rules, "utf-8")

    def sign_up(self) -> int:
        """One more person; how many there are then."""
        self.signups += 1
        self.send([{"event": "Account Created", "userId": f"person {self.signups}"}])
        return self.signups

    def send(self, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
        made = [{"type": "track", "messageId": f"told {next(_NUMBERS)}", **message} for message in messages]
        return self.product.send({"batch": made})

    def rule(self, alert: str) -> dict[str, Any]:
        """Where a rule stands."""
        found = [each for each in self.product.get("/api/alerts")["alerts"] if each["alert"] == alert]
        return dict(found[0]) if found else {}

    def wait_for(self, alert: str, kind: str, receiver: str = "") -> None:
        wait_until(lambda: bool(self.receivers.told(alert, kind, receiver)), f"{kind} of {alert}")


_NUMBERS = count()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("told")
    workspace = folder / "workspace"
    assert run("init", str(workspace), cwd=folder).returncode == 0
    # Noon there now, so that no day ends meanwhile.
    main = workspace / "workspace.yaml"
    ahead = 12 - datetime.now(UTC).hour
    main.write_text(main.read_text("utf-8").replace("timezone: UTC", f"timezone: Etc/GMT{-ahead:+d}"), "utf-8")
    for file in (workspace / "alerts").glob("*.yaml"):
        file.unlink()
    with listening() as receivers:
        product = NorthStream(folder, workspace)
        scene = Scene(product, receivers, workspace / "alerts" / "ours.yaml")
        scene.write(RULES)
        with product:
            yield scene


def test_names_of_any_language_arrive_as_they_were_written(scene: Scene) -> None:
    """In the signed message of each of two receivers, at the API and in the log."""
    scene.sign_up()
    for receiver in ("ops", "night"):
        scene.wait_for(STRANGE, "alert.firing", receiver)
    (first, second) = (
        scene.receivers.told(STRANGE, "alert.firing", "ops"),
        scene.receivers.told(STRANGE, "alert.firing", "night"),
    )
    # One incident, one id of the message: receivers are told apart by who they are.
    assert len({*(each.id for each in (*first, *second))}) == 1
    data = first[0].data
    assert data["annotations"] == {"summary": SUMMARY}
    assert data["labels"] == {"severity": "critical", "équipe": "croissance & co"}
    assert (data["severity"], data["metric"], data["condition"], data["value"]) == ("critical", "signups", ">= 1", 1)
    assert scene.rule(STRANGE)["state"] == "firing"
    logged = f"SELECT alert, to_state FROM northstream.alert_log WHERE alert_id = '{data['alert_id']}'"
    wait_until(lambda: [STRANGE, "firing"] in scene.product.sql(logged), "the log of the start")


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])
def test_each_start_and_each_end_is_told_once_through_kill_9(scene: Scene, kills: int) -> None:
    """Each further signup ends one incident and starts the next; whatever dies in between, nothing is lost or new."""
    random = Random(seed())
    first = scene.sign_up()
    scene.wait_for(f"Exactly{first}", "alert.firing")
    for turn in range(kills):
        number = scene.sign_up()
        time.sleep(random.choice((0, 0.05, random.uniform(0.1, 1.5))))
        victim = "all" if turn == 0 else random.choice(("all", "engine", "supervisor"))
        scene.product.kill(victim)
        if not scene.product.is_running():
            scene.product.start()
        scene.product.wait_until_ready()
        scene.wait_for(f"Exactly{number - 1}", "alert.resolved")
        scene.wait_for(f"Exactly{number}", "alert.firing")
    last = scene.sign_up()
    scene.wait_for(f"Exactly{last - 1}", "alert.resolved")
    for number in range(first, last):
        _assert_told_once(scene, f"Exactly{number}")
    assert scene.receivers.forged == []
    copies = len(scene.receivers.arrivals) - len({(each.receiver, each.id) for each in scene.receivers.arrivals})
    print(f"{kills} kills, {len(scene.receivers.arrivals)} messages, {copies} of them copies")
    assert scene.rule(STRANGE)["state"] == "firing"
    assert len(scene.receivers.told(STRANGE)) == 1


def _assert_told_once(scene: Scene, alert: str) -> None:
    """One start and one end of one incident; ids follow from it; copies say the same."""
    messages = scene.receivers.told(alert)
    assert [each.type for each in messages] == ["alert.firing", "alert.resolved"], alert
    (incident,) = {each.data["alert_id"] for each in messages}
    assert [each.id for each in messages] == [f"msg_{incident}_firing", f"msg_{incident}_resolved"]
    for message in messages:
        assert all(copy.data == message.data for copy in scene.receivers.arrivals if copy.id == message.id)


def test_while_data_is_bad_one_incident_is_about_the_data_and_none_about_the_numbers(scene: Scene) -> None:
    """Rules that would fire wait; once the data is good again, what is still true is told."""
    bad = {"event": "Subscription Started", "properties": {}}
    answer = scene.send([{**bad, "userId": f"buyer {number}"} for number in range(150)])
    assert answer["quarantined"] == 150
    scene.wait_for("QuarantineSpike", "alert.firing", "data")
    scene.send([{"event": "Pricing Viewed", "userId": f"visitor {number}"} for number in range(6)])
    scene.product.settle()
    wait_until(lambda: scene.rule("ManyVisits")["state"] == "waiting", "ManyVisits waits")
    time.sleep(2)
    assert scene.receivers.told("ManyVisits") == []
    assert [each.type for each in scene.receivers.arrivals if each.receiver == "data"] == ["alert.firing"]
    good = [{"event": "Task Completed", "userId": f"worker {number % 7}"} for number in range(400)]
    scene.send(good)
    scene.send(good)
    scene.wait_for("QuarantineSpike", "alert.resolved", "data")
    scene.wait_for("ManyVisits", "alert.firing")
    assert scene.receivers.told("ManyVisits", "alert.firing")[0].data["value"] == 6
    assert len(scene.receivers.told("QuarantineSpike")) == 2


def test_edited_rules_are_used_without_a_restart_and_broken_ones_are_not(scene: Scene) -> None:
    """A new rule fires; a broken file leaves the rules as they were and is named; mended, it is used."""
    process = scene.product.child("engine")
    more = '      - {alert: EditedIn, funnel: onboarding, step: 1, bucket: running, condition: ">= 0"}\n'
    edited = RULES.replace("  - name: data\n", f"{more}  - name: data\n")
    scene.write(edited)
    scene.wait_for("EditedIn", "alert.firing")
    scene.write(edited.replace(more, more.replace('">= 0"', '"a lot"')))
    wait_until(lambda: bool(scene.product.get("/api/alerts")["findings"]), "the findings of a broken file")
    (finding, *_) = scene.product.get("/api/alerts")["findings"]
    assert "ours.yaml" in finding
    assert scene.rule("EditedIn")["state"] == "firing"
    assert scene.receivers.told("EditedIn", "alert.resolved") == []
    scene.write(RULES)
    wait_until(lambda: scene.product.get("/api/alerts")["findings"] == [], "no findings any more")
    scene.wait_for("EditedIn", "alert.resolved")
    assert scene.rule("EditedIn") == {}
    assert scene.product.child("engine") == process


def test_the_command_line_tells_what_a_rule_would_have_done(scene: Scene, tmp_path: Path) -> None:
    """By the machine that judged it live: the incident that is open is the one that was told; a typo is guessed."""
    scene.product.settle()
    product = scene.product
    places = ("--data-dir", str(product.data_dir), "--port", str(product.port))
    asked = ("alerts", "backtest", STRANGE, "--days", "2", *places, "--picture", "past.svg")
    told = run(*asked, "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert [each["ended_at"] for each in found["incidents"]] == [None]
    assert (tmp_path / "past.svg").read_text("utf-8").startswith("<svg")
    tried = run(*asked, "--condition", "> 1000", cwd=tmp_path)
    assert "(never fired)" in tried.stdout
    refused = run("alerts", "backtest", "Exactli1", *places, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "did you mean" in refused.stderr
