"""The files of `alerts/`: what is read, what is said about broken ones, and who hears of which rule."""

import re
import shutil
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.alert_folder import AlertBook, load_alerts, read_alerts
from schemas.alert_ground import AlertGround
from schemas.alert_lint import RULES
from schemas.alert_routes import Route, receivers_of
from schemas.alerts import (
    Absence,
    AlertDefinitions,
    AlertmanagerReceiver,
    AlertRule,
    Anomaly,
    AppriseReceiver,
    Change,
    DeadMansSwitch,
    EmailReceiver,
    FunnelSubject,
    Manners,
    MetricSubject,
    PagerDutyReceiver,
    QualitySubject,
    QuietHours,
    Threshold,
    WebhookReceiver,
)
from schemas.catalogue import MetricDefinition
from schemas.data_rules import BUILT_IN
from schemas.definitions import Workspace
from schemas.durations import format_duration
from schemas.measuring import Segment
from schemas.target_hosts import is_private_host
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors
from schemas.yaml_lines import Findings

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "alerts.yaml").read_text("utf-8"))
ENVIRONMENT = {"EMPTY": "", "HOOK": "https://example.com/a-secret-path", "KEY": "a-routing-key"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load_workspace(DEFAULT_WORKSPACE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alerts").mkdir()
    return tmp_path


def metrics_of(workspace: Workspace) -> dict[str, MetricDefinition]:
    return {metric.id: metric for metric in workspace.metrics}


def load(folder: Path, workspace: Workspace, **files: str) -> AlertDefinitions:
    for name, text in files.items():
        (folder / "alerts" / f"{name}.yaml").write_text(text, "utf-8")
    return load_alerts(folder, workspace, metrics_of(workspace), ENVIRONMENT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_problem_of_alerts_is_told_with_its_line(
    case: dict[str, Any], folder: Path, workspace: Workspace
) -> None:
    """All problems at once, each with file, line and what to do."""
    with pytest.raises(WorkspaceErrors) as error:
        load(folder, workspace, zz=case["alerts"])
    assert [str(finding).removeprefix("alerts/zz.yaml:") for finding in error.value.findings] == case["found"]


def test_no_finding_holds_a_secret(folder: Path, workspace: Workspace) -> None:
    """Whatever is wrong with an address or a key, it is not repeated."""
    text = """
receivers:
  - {name: a, webhook: {url: "https://u:hidden1@example.com/hidden2", secret: hidden3}}
  - {name: b, apprise: {urls: ["hidden4:/hidden5", "json://u:hidden6@10.0.0.1/hidden7", "json://h:hidden8x/"]}}
  - {name: c, pagerduty: {routing_key: {env: KEY}, url: "ftp://example.com/hidden9"}}
"""
    with pytest.raises(WorkspaceErrors) as error:
        load(folder, workspace, zz=text)
    assert "hidden" not in str(error.value)
    assert "hidden" not in repr(AppriseReceiver("b", ("json://hidden",))) + repr(PagerDutyReceiver("c", "hidden"))


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "2026-11-22",
        "*hidden",
        "!hidden!x y",
        "{hidden}",
        "{env: whsec_hidden}",
        "{env: hidden+key}",
        "{env: KEY, hidden: x}",
        "{env: [hidden]}",
        "x, https://hidden.example",
        "x, <<: *hidden",
    ],
)
def test_a_secret_that_yaml_takes_for_something_else_is_not_repeated(
    password: str, folder: Path, workspace: Workspace
) -> None:
    """Numbers, dates, aliases, tags, keys: findings stand in the log, in the API and on the page."""
    mail = 'smtp: "smtp://mail.example.com", from: a@example.com, to: [b@example.com], user: u'
    with pytest.raises(WorkspaceErrors) as error:
        load(folder, workspace, zz=f"receivers:\n  - {{name: a, email: {{{mail}, password: {password}}}}}\n")
    for secret in ("hidden", "12345678", "2026-11-22"):
        assert secret not in str(error.value)


def test_a_user_needs_a_password(folder: Path, workspace: Workspace) -> None:
    """What begins with # is a comment to YAML, and what begins with & is a name."""
    with pytest.raises(WorkspaceErrors, match='"password" is missing'):
        load(
            folder,
            workspace,
            zz="receivers:\n  - name: a\n    email:\n      smtp: smtp://mail.example.com\n      from: a@example.com\n"
            "      to: [b@example.com]\n      user: u\n      password: #hidden\n",
        )


EVERY_KIND = """
groups:
  - name: product
    interval: 500ms
    rules:
      - {alert: Many, metric: signups, bucket: running, condition: ">= 20.5", for: 1m30s, keep_firing_for: 2m}
      - {alert: Dropped, metric: signups, change: {against: last_week}, condition: "< -30", min_samples: 50}
      - {alert: Moved, metric: mrr, change: {unit: absolute}, condition: "!= 0"}
      - {alert: Odd, metric: dau, anomaly: {}, condition: "> 3.5"}
      - {alert: OddMonth, metric: tickets, anomaly: {buckets: 12}, condition: "> 3.5"}
      - {alert: None, metric: signups, absent_for: 2h}
      - {alert: Few, funnel: onboarding, step: 4, measure: rate, condition: "< 0.02", owner: growth}
      - {alert: Paid, metric: signups, segment: {channel: paid, plan: null, property.source: ad}, condition: "< 5"}
      - {alert: Late, quality: lag_seconds, condition: "> 60", inhibits: true}
      - {alert: Refused, quality: quarantined, condition: "> 60", noise_budget: 0, at_most_per_day: 3}
      - {alert: Waits, quality: received, condition: "< 1", waits_for_data: true}
"""


def test_every_kind_of_rule_is_read(folder: Path, workspace: Workspace) -> None:
    """Subjects, comparisons and their defaults."""
    rules = {rule.alert: rule for rule in load(folder, workspace, zz=EVERY_KIND).rules}
    signups = MetricSubject("signups")
    assert rules["Many"] == AlertRule(
        alert="Many",
        group="product",
        subject=signups,
        bucket="running",
        operator=">=",
        threshold=20.5,
        owner="growth",
        for_seconds=90.0,
        keep_firing_for_seconds=120.0,
        interval_seconds=0.5,
    )
    told = {name: (rule.subject, rule.bucket, rule.comparison, rule.condition) for name, rule in rules.items()}
    dropped = "change against last_week < -30 %"
    paid = (Segment("channel", "paid"), Segment("plan", None), Segment("property.source", "ad"))
    assert told["Dropped"] == (signups, "complete", Change("last_week", "percent"), dropped)
    assert told["Moved"][2:] == (Change("previous", "absolute"), "change against previous != 0")
    assert told["Odd"][2:] == (Anomaly(56, is_weekly=True), "z-score > 3.5")
    assert told["OddMonth"][2] == Anomaly(12, is_weekly=False)
    assert told["None"] == (signups, "complete", Absence(7200.0), "absent for 2h")
    assert told["Few"][0] == FunnelSubject("onboarding", 4, "rate")
    assert told["Paid"][0] == MetricSubject("signups", paid)
    assert told["Late"] == (QualitySubject("lag_seconds"), "running", Threshold(), "> 60")
    assert rules["Dropped"].min_samples == 50
    assert (rules["Refused"].noise_budget, rules["Refused"].at_most_per_day) == (0, 3)
    owners = ("Many", "Odd", "Few", "Late")
    assert [rules[name].owner for name in owners] == ["growth", "product", "growth", ""]
    waiting = {name for name, rule in rules.items() if rule.waits_for_data and rule.group == "product"}
    assert waiting == set(told) - {rule.alert for rule in BUILT_IN} - {"Late", "Refused"}


RECEIVERS = """
receivers:
  - name: ops
    webhook: {url: {env: HOOK}, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}
    manners:
      quiet_hours: {from: 22:00, to: 07:00, timezone: Europe/Paris, weekdays: [sun, sat], except: [critical, warning]}
      at_most_per_day: 50
      group_by: [owner]
      group_wait: 30s
      remind_every: 4h
  - name: chat
    apprise: {urls: ["slack://a/b/c", {env: HOOK}], allow_private: true}
    manners: {quiet_hours: {from: "0:00", to: "24:00"}}
  - {name: am, alertmanager: {urls: ["http://127.0.0.1:9093"], allow_private: true}}
  - {name: pager, pagerduty: {routing_key: {env: KEY}}}
  - name: mail
    email: {smtp: "smtps://mail.example.com", from: a@b.example, to: [c@d.example], user: ana, password: {env: KEY}}
dead_mans_switch: {receiver: am, every: 30s}
"""


def test_every_kind_of_receiver_is_read_with_its_manners(folder: Path, workspace: Workspace) -> None:
    """A secret may stand in the environment; a clock needs no quotes."""
    found = load(folder, workspace, zz=RECEIVERS)
    assert found.receivers == (
        WebhookReceiver("ops", "https://example.com/a-secret-path", SECRET),
        AppriseReceiver("chat", ("slack://a/b/c", "https://example.com/a-secret-path"), allow_private=True),
        AlertmanagerReceiver("am", ("http://127.0.0.1:9093",), allow_private=True),
        PagerDutyReceiver("pager", "a-routing-key"),
        EmailReceiver(
            "mail", "mail.example.com", 465, "a@b.example", ("c@d.example",), "tls", "ana", password="a-routing-key"
        ),
    )
    night = QuietHours(time(22), time(7), "Europe/Paris", (5, 6), ("critical", "warning"))
    assert found.manners == {
        "ops": Manners(night, 50, ("owner",), 30.0, 14_400.0),
        "chat": Manners(QuietHours(time(0), time(0), "UTC")),
    }
    assert found.dead_mans_switch == DeadMansSwitch("am", 30.0)


def test_who_needs_no_secrets_needs_no_variables(folder: Path, workspace: Workspace) -> None:
    """A collector of a cluster reads the same folder."""
    (folder / "alerts" / "zz.yaml").write_text(RECEIVERS, "utf-8")
    found = load_alerts(folder, workspace, metrics_of(workspace), environment=None)
    assert found.receiver("pager") == PagerDutyReceiver("pager", "")


RULE = AlertRule(
    alert="Paid",
    group="product",
    subject=MetricSubject("signups", (Segment("channel", "paid"),)),
    bucket="complete",
    operator=">",
    threshold=1.0,
    owner="growth",
    labels={"severity": "critical", "team": "blue"},
)

ROUTES: list[tuple[str, list[Route], tuple[str, ...]]] = [
    ("no route at all", [], ()),
    ("a route for everything", [Route(("ops",))], ("ops",)),
    ("the first that matches wins", [Route(("a",), {"owner": "growth"}), Route(("b",))], ("a",)),
    ("one that does not match is passed over", [Route(("a",), {"owner": "product"}), Route(("b",))], ("b",)),
    ("all values must match", [Route(("a",), {"owner": "growth", "severity": "info"}), Route(("b",))], ("b",)),
    ("continue goes on", [Route(("a",), {"owner": "growth"}, goes_on=True), Route(("b",))], ("a", "b")),
    ("nobody is told twice", [Route(("a",), goes_on=True), Route(("a", "b"))], ("a", "b")),
    ("a route to nobody ends it", [Route((), {"severity": "critical"}), Route(("b",))], ()),
    ("by group", [Route(("a",), {"group": "product"})], ("a",)),
    ("by alert", [Route(("a",), {"alert": "Paid"})], ("a",)),
    ("by the metric's id", [Route(("a",), {"metric": "signups"})], ("a",)),
    ("by the metric with its segment", [Route(("a",), {"metric": "signups[channel=paid]"})], ("a",)),
    ("by a label", [Route(("a",), {"team": "blue"})], ("a",)),
    ("a label that the rule does not have", [Route(("a",), {"city": ""})], ()),
]


@pytest.mark.parametrize(("routes", "expected"), [row[1:] for row in ROUTES], ids=[row[0] for row in ROUTES])
def test_routes_decide_who_hears(routes: list[Route], expected: tuple[str, ...]) -> None:
    """In their order; the first that matches wins unless it goes on."""
    assert receivers_of(RULE, routes) == expected


HOOKS = "".join(
    f'  - {{name: {name}, webhook: {{url: "https://{name}.example/", secret: {SECRET}}}}}\n' for name in "abc"
)


def heard(definitions: AlertDefinitions) -> dict[str, tuple[str, ...]]:
    return {rule.alert: rule.receivers for rule in definitions.rules}


def test_routes_are_for_rules_that_name_nobody(folder: Path, workspace: Workspace) -> None:
    """What a rule says goes before its group, and both before the routes; an empty list is nobody."""
    text = f"""
receivers:
{HOOKS}
routes:
  - {{receivers: [c]}}
groups:
  - name: named
    receiver: a
    rules:
      - {{alert: Group, metric: dau, condition: "> 1"}}
      - {{alert: Own, metric: dau, condition: "> 1", receivers: [b, a]}}
      - {{alert: Nobody, metric: dau, condition: "> 1", receivers: []}}
  - name: unnamed
    rules:
      - {{alert: Routed, metric: dau, condition: "> 1"}}
"""
    found = heard(load(folder, workspace, zz=text))
    assert found["Group"] == ("a",)
    assert found["Own"] == ("b", "a")
    assert found["Nobody"] == ()
    assert found["Routed"] == ("c",)
    assert found["DataLate"] == ("a", "b", "c")


def test_the_datas_rules_are_there_unless_a_file_declares_them(folder: Path, workspace: Workspace) -> None:
    """Heard of by those who are named for it; last, in an order that makes one trouble one incident."""
    text = f"""
receivers:
{HOOKS}
data_receivers: [b]
groups:
  - name: data
    receiver: a
    rules: [{{alert: NoEvents, quality: silent_seconds, condition: "> 60", inhibits: true}}]
"""
    rules = load(folder, workspace, zz=text).rules
    assert [rule.key for rule in rules] == [
        "data/NoEvents",
        "data/DataLate",
        "data/QuarantineSpike",
        "data/SelfWatchStopped",
        "data/DataIncomplete",
    ]
    assert [rule.receivers for rule in rules] == [("a",), *[("b",)] * 4]
    assert all(rule.inhibits and rule.for_seconds > 0 for rule in BUILT_IN)


def test_files_are_one(folder: Path, workspace: Workspace) -> None:
    """A receiver may stand in another file than the rules that name it; what is about all stands in one."""
    rules = 'groups: [{name: g, receiver: a, rules: [{alert: A, metric: dau, condition: "> 1"}]}]\n'
    assert heard(load(folder, workspace, rules=rules, who=f"receivers:\n{HOOKS}"))["A"] == ("a",)
    with pytest.raises(WorkspaceErrors, match=r'alerts/y.yaml:1: "data_receivers" is given in alerts/x.yaml:1 already'):
        load(folder, workspace, x="data_receivers: [a]\n", y="data_receivers: [b]\n")


def test_a_file_that_cannot_be_read_is_told_alone(folder: Path, workspace: Workspace) -> None:
    """Its receivers are not missing: nobody could see them."""
    rules = 'groups: [{name: g, receiver: ops, rules: [{alert: A, metric: signups, condition: "> 1"}]}]'
    with pytest.raises(WorkspaceErrors) as error:
        load(folder, workspace, receivers="receivers:\n- name: [ops\n", rules=rules)
    assert [finding.file for finding in error.value.findings] == ["alerts/receivers.yaml"]


def test_a_workspace_without_alerts_has_the_datas_rules(tmp_path: Path, workspace: Workspace) -> None:
    """They need no file."""
    assert load_alerts(tmp_path, workspace, metrics_of(workspace), None) == AlertDefinitions(rules=BUILT_IN)


def test_the_book_keeps_the_places(folder: Path, workspace: Workspace) -> None:
    """For the lint."""
    shutil.rmtree(folder / "alerts")
    shutil.copytree(DEFAULT_WORKSPACE / "alerts", folder / "alerts")
    findings = Findings()
    book: AlertBook = read_alerts(folder, AlertGround.of(workspace, metrics_of(workspace), None), findings)
    assert findings.found == []
    assert [placed.rule for placed in book.files.rules] == list(book.definitions.rules[: len(book.files.rules)])
    assert all(placed.name.file.startswith("alerts/") and placed.name.line > 1 for placed in book.files.rules)


HOSTS = {
    "127.0.0.1": True,
    "127.1": True,
    "2130706433": True,
    "0x7f000001": True,
    "0177.0.0.1": True,
    "017700000001": True,
    "169.254.169.254": True,
    "192.0.0.192": True,
    "168.63.129.16": True,
    "::ffff:168.63.129.16": True,
    "192.88.99.1": True,
    "3fff::1": True,
    "10.1.2.3": True,
    "192.168.257": True,
    "::1": True,
    "[::1]": True,
    "::ffff:127.0.0.1": True,
    "::ffff:7f00:1": True,
    "64:ff9b::a00:1": True,
    "2002:7f00:1::": True,
    "fe80::1%eth0": True,
    "fd00::1": True,
    "0.0.0.0": True,
    "224.0.0.1": True,
    "localhost": True,
    "LOCALHOST.": True,
    "app.localhost": True,
    "example.com": False,
    "8.8.8.8": False,
    "134744072": False,
    "::ffff:8.8.8.8": False,
    "2606:4700::1111": False,
    "1.2.3.4.5": False,
    "127.0.0.1.example.com": False,
    "999999999999": False,
    "08.8.8.8": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_private_host_is_known_by_any_spelling(host: str) -> None:
    """As resolvers read it: short, decimal, octal, hexadecimal, IPv4 inside IPv6."""
    assert is_private_host(host) is HOSTS[host]


GUIDE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text("utf-8")


def test_the_files_of_the_reference_can_be_copied(folder: Path, workspace: Workspace) -> None:
    """What the documentation shows works as it is written, beside receivers of the names that it uses."""
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", GUIDE)
    environment = dict.fromkeys(("MAIL_PASSWORD", "PAGER_KEY"), "key") | {"OPS_SECRET": SECRET, "TEAMS_URL": "json://a"}
    for block in blocks:
        declared = {receiver["name"] for receiver in yaml.safe_load(block).get("receivers", ())}
        names = sorted({"ops", "chat", "pager", "growth-mail", "outside"} - declared)
        hooks = (f"  - {{name: {name}, webhook: {{url: 'https://a.example/', secret: {SECRET}}}}}\n" for name in names)
        (folder / "alerts" / "others.yaml").write_text("receivers:\n" + "".join(hooks), "utf-8")
        (folder / "alerts" / "zz.yaml").write_text(block, "utf-8")
        load_alerts(folder, workspace, metrics_of(workspace), environment)
    assert len(blocks) >= 6


def test_the_reference_names_every_rule_of_the_lint_and_every_built_in_rule() -> None:
    """With what it asks for, and with its numbers."""
    for name, meaning in RULES.items():
        assert f"| `{name}` | {meaning} |" in GUIDE
    for rule in BUILT_IN:
        assert isinstance(rule.subject, QualitySubject)
        row = re.escape(f"| `{rule.alert}` ({rule.severity}) | `{rule.subject.number} {rule.condition}`")
        assert re.search(rf"(?m)^{row}.* \| {format_duration(rule.for_seconds)} \|", GUIDE), rule.alert
