"""Prometheus, its rules and Alertmanager: by promtool where that can judge, by our own rules where it cannot."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment.compose_file import ROOT
from deployment.promtool import Promtool

PROMETHEUS = ROOT / "deploy" / "prometheus"
GROUPS = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
RUNBOOK = ROOT / "docs" / "operations.md"


def test_the_rules_are_valid(promtool: Promtool) -> None:
    """Expressions parse, templates and labels are right."""
    promtool("check", "rules", PROMETHEUS / "rules.yml")


def test_the_rules_fire_when_they_should_and_only_then(promtool: Promtool) -> None:
    """deploy/prometheus/rules_test.yml: a healthy cluster is silent, and each trouble raises its alert."""
    promtool("test", "rules", PROMETHEUS / "rules_test.yml")


def test_the_configuration_is_valid(promtool: Promtool, tmp_path: Path) -> None:
    """promtool looks for the files that it names, so the secret is put where the test can write."""
    secret = tmp_path / "key"
    secret.write_text("sk_test")
    text = (PROMETHEUS / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(text.replace("/run/secrets/northstream_secret_key", str(secret)))
    (tmp_path / "rules.yml").write_text((PROMETHEUS / "rules.yml").read_text())
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_every_role_is_asked_where_compose_lets_it_listen(project: dict[str, Any]) -> None:
    """One wrong port, and a role would be watched by nobody."""
    asked = set()
    for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]:
        asked |= {(names["names"][0], str(names["port"])) for names in job.get("dns_sd_configs", [])}
    listening = {
        (name, service["environment"]["NORTHSTREAM_PORT"])
        for name, service in project["services"].items()
        if "NORTHSTREAM_PORT" in service.get("environment", {})
    }
    assert asked == listening


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_graded_and_explained(alert: str) -> None:
    """A case in rules_test.yml, a severity, and a section in the runbook that its address leads to."""
    rule = ALERTS[alert]
    tested = (PROMETHEUS / "rules_test.yml").read_text()
    patterns = re.findall(r'alertname=~?"([^"]+)"', tested)
    assert any(re.fullmatch(pattern, alert) for pattern in patterns)
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert {"summary", "description", "runbook_url"} <= set(rule["annotations"])
    file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert ROOT / file == RUNBOOK
    assert anchor in anchors()


def test_the_runbook_has_no_section_about_an_alert_that_is_gone() -> None:
    """Whoever reads it must be able to trust it."""
    sections = {line.split()[1] for line in RUNBOOK.read_text().splitlines() if line.startswith("### NorthStream")}
    assert sections == set(ALERTS)


def anchors() -> set[str]:
    headings = [line.lstrip("#").strip() for line in RUNBOOK.read_text().splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_alertmanager_knows_the_alerts_and_the_receivers_that_it_names() -> None:
    """A route to nobody, or an inhibition by a misspelt alert, would be silent for ever."""
    config = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in config["receivers"]}
    assert {config["route"]["receiver"], *(route["receiver"] for route in config["route"]["routes"])} == receivers
    named = set(re.findall(r"NorthStream\w+", str(config)))
    assert named <= set(ALERTS)


def test_alertmanager_gets_its_addresses_from_secrets_that_compose_gives_it(project: dict[str, Any]) -> None:
    """No address in a file of the repository, and none in a command line."""
    config = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())
    files = {hook["url_file"] for receiver in config["receivers"] for hook in receiver["webhook_configs"]}
    given = {f"/run/secrets/{name}" for name in project["services"]["alertmanager"]["secrets"]}
    assert files == given
