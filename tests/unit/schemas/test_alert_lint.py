"""The named rules of the lint of alerts, from a table of files that break them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.alert_folder import AlertBook, read_alerts
from schemas.alert_ground import AlertGround
from schemas.alert_lint import NUMBER_RULES, RULES, lint_alerts
from schemas.alerts import Absence
from schemas.rule_lint import RULE_RULES
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.yaml_lines import Findings

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "alert_lint.yaml").read_text("utf-8"))
GOOD = {"alert": "Good", "metric": "signups", "condition": "> 100", "annotations": {"summary": "Many."}}
HOOK = "  - {{webhook: {{url: 'https://example.com/', secret: whsec_c2VjcmV0}}, name: {name}}}\n"


@pytest.fixture(scope="module")
def ground() -> AlertGround:
    workspace = load_workspace(DEFAULT_WORKSPACE)
    metrics = {metric.id: metric for metric in workspace.metrics}
    metrics["retired"] = replace(metrics["payments"], id="retired", lifecycle="retired")
    return AlertGround.of(workspace, metrics, {})


def text_of(case: dict[str, Any]) -> str:
    if "alerts" in case:
        return str(case["alerts"])
    rule = {key: value for key, value in (GOOD | case.get("rule", {})).items() if value is not None}
    groups: str = yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}, sort_keys=False, allow_unicode=True)
    hooks = [HOOK.format(name=name) for name in case.get("hooks", ())]
    return "".join([*(["receivers:\n", *hooks] if hooks else []), case.get("head", ""), groups])


def read(folder: Path, ground: AlertGround, text: str) -> AlertBook:
    (folder / "alerts").mkdir()
    (folder / "alerts" / "zz.yaml").write_text(text, "utf-8")
    findings = Findings()
    book = read_alerts(folder, ground, findings)
    assert findings.found == []
    return book


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_broken_rule_of_alerts_is_named(case: dict[str, Any], tmp_path: Path, ground: AlertGround) -> None:
    """All at once, in the order of files and lines; what is allowed finds nothing."""
    findings = lint_alerts(read(tmp_path, ground, text_of(case)), ground.metrics)
    said = [
        f"{'warning: ' if item.level == 'warning' else ''}{item.subject}: {item.message} [{item.rule}]"
        for item in findings
    ]
    assert said == case["found"]
    assert all(str(item).startswith(f"{item.file}:{item.line}: ") for item in findings)


def test_every_rule_of_the_alert_lint_has_its_case() -> None:
    """What is not in the table needs numbers."""
    told = " ".join(line for case in CASES for line in case["found"])
    assert {rule for rule in RULES if f"[{rule}]" not in told} == set(NUMBER_RULES)
    assert set(RULE_RULES) < set(RULES)


def test_the_default_alerts_keep_our_own_rules(ground: AlertGround) -> None:
    """What a new user starts from has not even a warning."""
    findings = Findings()
    book = read_alerts(DEFAULT_WORKSPACE, ground, findings)
    assert findings.found == []
    assert lint_alerts(book, ground.metrics) == []


def test_the_receivers_that_wait_in_comments_can_be_used(tmp_path: Path, ground: AlertGround) -> None:
    """Whoever takes the # away has something that works: one of every kind."""
    lines = (DEFAULT_WORKSPACE / "alerts" / "receivers.yaml").read_text("utf-8").splitlines()
    begin = lines.index("receivers: []")
    taken = [line.removeprefix("#") for line in lines[begin + 1 :] if line[:2] != "# " or line[:3] == "#  "]
    secrets = {"OPS_WEBHOOK_SECRET": "whsec_c2VjcmV0", "SLACK_URL": "slack://a/b/c", "PAGERDUTY_KEY": "key"}
    book = read(tmp_path, replace(ground, environment=secrets), "\n".join(["receivers:", *taken]))
    assert [receiver.name for receiver in book.definitions.receivers] == [
        "ops",
        "chat",
        "growth-mail",
        "alertmanager",
        "pager",
    ]
    assert (len(book.files.routes), len(book.files.data_receivers), len(book.files.switches)) == (3, 1, 1)


def test_the_default_alerts_on_days_that_are_over_wait_for_an_import(ground: AlertGround) -> None:
    """While a history is counted (as the demo's) yesterday is over and not whole yet: nobody hears of that."""
    rules = read_alerts(DEFAULT_WORKSPACE, ground, Findings()).definitions.rules
    judged = [rule for rule in rules if rule.bucket == "complete" and not isinstance(rule.comparison, Absence)]
    assert len(judged) > 4
    assert [rule.alert for rule in judged if rule.for_seconds < 300] == []
