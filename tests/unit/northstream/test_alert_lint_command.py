"""`northstream alerts lint` as a user runs it, and the rule that needs numbers."""

import shutil
from pathlib import Path

import pytest

from northstream.cli import main
from northstream.metrics_api import Noise
from northstream.show_alert_lint import lint_noise
from schemas.workspace import DEFAULT_WORKSPACE, examine_workspace

TORN = """
receivers:
  - {name: pager, pagerduty: {routing_key: {env: NORTHWIND_PAGER}}}
groups:
  - name: g
    receiver: pagr
    rules:
      - {alert: A, metric: signup, condition: "> 1"}
      - {alert: B, metric: signups, condition: "> 1", labels: {severity: critical}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_WORKSPACE, tmp_path / "workspace"))


def test_the_default_alerts_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 even where warnings count, and a line that says how much was looked at."""
    assert main(["alerts", "lint", "--strict", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "9 rules, 0 receivers: 0 findings, 0 warnings\n"


def test_all_that_is_wrong_is_said_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read and what breaks a rule, in the order of lines; nothing is guessed about what is torn."""
    (folder / "alerts" / "product.yaml").unlink()
    (folder / "alerts" / "zz.yaml").write_text(TORN, "utf-8")
    assert main(["alerts", "lint", "--workspace", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        'alerts/zz.yaml:3: the environment variable "NORTHWIND_PAGER" is not set; set it for northstream',
        'alerts/zz.yaml:6: there is no receiver "pagr"; did you mean "pager"?',
        'alerts/zz.yaml:8: there is no metric "signup"; did you mean "signups"?',
        'alerts/zz.yaml:9: g/B: add "annotations: {summary: …}": what whoever is woken reads first [no-summary]',
        'alerts/zz.yaml:9: g/B: it is critical; add "annotations: {runbook_url: …}": '
        "what to do at three in the morning [no-runbook]",
        "alerts/zz.yaml:9: warning: g/B: nobody would notice that alerting itself has died; "
        'add "dead_mans_switch: {receiver: …}" [no-dead-mans-switch]',
        "2 rules, 1 receivers: 5 findings, 1 warnings",
    ]


class Remembered:
    """What rules would have done, by heart; of others nothing is known."""

    def __init__(self, noise: dict[str, Noise]) -> None:
        self._noise = noise

    def noise(self, rule: str, days: int) -> Noise | None:
        assert days == 90
        return self._noise.get(rule)


def test_a_rule_over_its_noise_budget_is_named() -> None:
    """As many as it allows are fine; one that has no past is left alone."""
    book = examine_workspace(DEFAULT_WORKSPACE).alerts
    past = Remembered({"product/SignupsHigh": Noise(11, 10), "product/NoSignups": Noise(10, 10)})
    [found] = lint_noise(book, past)
    assert (found.subject, found.rule, found.level) == ("product/SignupsHigh", "over-noise-budget", "warning")
    assert "would have started 11 incidents in 30 days, its noise budget is 10" in found.message
