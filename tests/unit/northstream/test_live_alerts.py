"""Rules and receivers read anew while the product runs, beside the catalogue that they stand on."""

import logging
from pathlib import Path

import pytest

from northstream.live_alerts import LiveAlerts
from northstream.live_catalogue import LiveCatalogue
from northstream.workspace_copy import WorkspaceCopy
from schemas.alerts import AlertDefinitions, WebhookReceiver
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors

METRIC = "id: {id}\nunit: count\nowner: {owner}\ncompute: {{count: {{event: Task Completed}}}}\n"
RULES = """
receivers:
  - {{name: ops, webhook: {{url: "https://example.com/", secret: {{env: SECRET}}}}}}
groups:
  - name: g
    receiver: ops
    rules: [{{alert: Many, metric: {metric}, condition: "{condition}"}}]
"""
ENVIRONMENT = {"SECRET": "whsec_c2VjcmV0"}


def write(folder: Path, metric: str = "tasks", condition: str = "> 10") -> None:
    (folder / "alerts" / "zz.yaml").write_text(RULES.format(metric=metric, condition=condition), "utf-8")


def write_metric(folder: Path, name: str, owner: str = "growth") -> None:
    (folder / "metrics" / f"{name}.yaml").write_text(METRIC.format(id=name, owner=owner), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace of one metric and one rule."""
    folder = tmp_path / "workspace"
    for name in ("plan", "metrics", "alerts"):
        (folder / name).mkdir(parents=True)
    plan = (DEFAULT_WORKSPACE / "plan" / "product.yaml").read_text("utf-8")
    signup = (DEFAULT_WORKSPACE / "plan" / "acquisition.yaml").read_text("utf-8")
    (folder / "plan" / "all.yaml").write_text(plan + signup, "utf-8")
    (folder / "workspace.yaml").write_text("name: One rule\nsignup: Account Created\n", "utf-8")
    write_metric(folder, "tasks")
    write(folder)
    return folder


class Live:
    """The two as a running product has them, looked at by hand; `told`: every edition that was handed on."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        workspace = load_workspace(folder)
        copy = WorkspaceCopy(data_dir, ENVIRONMENT)
        self.catalogue = LiveCatalogue(lambda: folder, workspace, copy=copy)
        self.alerts = LiveAlerts(lambda: folder, workspace, self.catalogue.current, ENVIRONMENT, copy)
        self.told: list[AlertDefinitions] = []
        self.alerts.on_change.append(self.told.append)

    def settle(self) -> None:
        """As many looks as it takes until nothing is new."""
        for _ in range(4):
            self.catalogue.look()
            self.alerts.look()

    def condition(self) -> str:
        return self.alerts.current().rules[0].condition


@pytest.fixture
def live(folder: Path, tmp_path: Path) -> Live:
    return Live(folder, tmp_path)


def test_an_edit_is_handed_on_once_it_is_steady(folder: Path, live: Live) -> None:
    """A file that is being written is left alone; who judges is told once."""
    write(folder, condition="> 20")
    assert not live.alerts.look()
    assert live.condition() == "> 10"
    assert live.alerts.look()
    assert not live.alerts.look()
    assert live.condition() == "> 20"
    assert live.told == [live.alerts.current()]
    assert live.alerts.current().receivers == (WebhookReceiver("ops", "https://example.com/", ENVIRONMENT["SECRET"]),)


def test_a_broken_edit_keeps_the_old_rules_and_says_why(
    folder: Path, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody loses an alert to a typing error; the log says it once."""
    caplog.set_level(logging.WARNING)
    write(folder, condition="=> 20")
    live.settle()
    assert live.condition() == "> 10"
    assert live.told == []
    finding = 'alerts/zz.yaml:7: "condition" must be like "> 20", not "=> 20"'
    assert live.alerts.findings() == (finding,)
    (folder / "alerts" / "other.yaml").write_text("groups: []\n", "utf-8")
    live.settle()
    assert [record.getMessage().count(finding) for record in caplog.records] == [1]
    write(folder, condition="> 30")
    live.settle()
    assert (live.condition(), live.alerts.findings()) == ("> 30", ())


def test_a_metric_and_its_rule_may_come_in_any_order(folder: Path, live: Live) -> None:
    """The rule is refused until its metric is there, without another edit of it."""
    write(folder, metric="fresh")
    live.settle()
    assert live.alerts.findings() == ('alerts/zz.yaml:7: there is no metric "fresh"; define it first',)
    write_metric(folder, "fresh", owner="support")
    live.settle()
    assert live.alerts.findings() == ()
    assert (live.alerts.current().rules[0].metric, live.alerts.current().rules[0].owner) == ("fresh", "support")


def test_a_metric_is_not_taken_away_from_under_a_rule(folder: Path, live: Live) -> None:
    """The catalogue keeps it and says who needs it; with the rule gone as well, it goes."""
    (folder / "metrics" / "tasks.yaml").unlink()
    live.settle()
    assert live.catalogue.findings() == (
        'alerts/zz.yaml:7: the alert "Many" needs the metric "tasks", which is not there',
    )
    assert (live.condition(), live.alerts.findings()) == ("> 10", ())
    (folder / "alerts" / "zz.yaml").unlink()
    live.settle()
    assert "tasks" not in live.catalogue.current().metrics
    assert {rule.group for rule in live.alerts.current().rules} == {"data"}


def test_a_new_owner_of_a_metric_is_the_rules_owner(folder: Path, live: Live) -> None:
    """What rules take from the catalogue follows it."""
    write_metric(folder, "tasks", owner="support")
    live.settle()
    assert live.alerts.current().rules[0].owner == "support"


def test_a_start_with_broken_alerts_goes_on_as_before(folder: Path, tmp_path: Path) -> None:
    """A process that starts again after a crash judges by the rules that were in use."""
    Live(folder, tmp_path)
    workspace = load_workspace(folder)
    write(folder, condition="=> 20")
    catalogue = LiveCatalogue(lambda: folder, workspace)
    again = LiveAlerts(lambda: folder, workspace, catalogue.current, ENVIRONMENT, WorkspaceCopy(tmp_path, ENVIRONMENT))
    assert again.current().rules[0].condition == "> 10"
    assert len(again.findings()) == 1
    with pytest.raises(WorkspaceErrors, match="SECRET"):
        LiveAlerts(lambda: folder, workspace, catalogue.current, {}, None)
