"""The workspace loader: what the default holds, and what is said about broken ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.alerts import AlertRule, MetricSubject, WebhookReceiver
from schemas.definitions import ConditionalRange
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace, write_default_workspace
from schemas.workspace_folder import WorkspaceErrors

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "workspace.yaml").read_text("utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    write_default_workspace(folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_problem_is_told_with_its_place(case: dict[str, Any], folder: Path) -> None:
    """All problems at once, each with file, line and what to do."""
    for name, content in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if edit := case.get("edit"):
        path = folder / edit["file"]
        text = path.read_text("utf-8")
        assert edit["from"] in text
        path.write_text(text.replace(edit["from"], edit["to"], 1), "utf-8")

    with pytest.raises(WorkspaceErrors) as error:
        load_workspace(folder)

    assert [str(finding).replace(str(folder), "FOLDER") for finding in error.value.findings] == case["found"]


def test_the_default_workspace_is_what_the_contract_fixes() -> None:
    """Signup, core actions and the funnel are what other people's scripts rely on."""
    workspace = load_workspace(DEFAULT_WORKSPACE)
    assert workspace.plan.mode == "open"
    assert workspace.stream.timezone == "UTC"
    assert workspace.stream.signup_event == "Account Created"
    assert workspace.stream.core_actions == {"Project Created", "Task Completed", "Teammate Invited", "Report Shared"}
    [funnel] = workspace.stream.funnels
    assert (funnel.id, funnel.window_seconds) == ("onboarding", 7 * 86_400)
    steps = ["Pricing Viewed", "Account Created", "Project Created", "Subscription Started"]
    assert [step.event for step in funnel.steps] == steps


def test_the_default_plan_requires_only_what_the_contract_requires() -> None:
    """An event that used to be accepted must not end in quarantine."""
    events = {event.name: event for event in load_workspace(DEFAULT_WORKSPACE).plan.events}
    required = {
        name: {planned.name for planned in event.properties if planned.required}
        for name, event in events.items()
        if any(planned.required for planned in event.properties)
    }
    subscriptions = ("Started", "Upgraded", "Downgraded", "Canceled", "Renewed")
    assert required == {
        **{f"Subscription {verb}": {"plan"} for verb in subscriptions},
        "Survey Answered": {"kind", "score"},
        "Feature Used": {"feature"},
        "Experiment Viewed": {"experiment", "variant"},
    }
    for verb in subscriptions:
        assert events[f"Subscription {verb}"].require_one_of == (("mrr",), ("amount", "interval"))
    assert events["Survey Answered"].conditional_ranges == (
        ConditionalRange("score", "kind", {"nps": (0, 10), "csat": (1, 5), "ces": (1, 10)}),
    )
    assert all(event.additional_properties for event in events.values())
    assert all(event.owner and event.description for event in events.values())
    assert len(events) == 23


def test_every_label_of_the_default_is_bilingual() -> None:
    """Boards are in English and French."""
    workspace = load_workspace(DEFAULT_WORKSPACE)
    [funnel] = workspace.stream.funnels
    labels = [funnel.label, *(step.label for step in funnel.steps)]
    labels += [label for metric in workspace.metrics for label in (metric.label, metric.definition)]
    assert all(set(label) == {"en", "fr"} and all(label.values()) for label in labels)


def test_a_rule_is_read_whole(folder: Path) -> None:
    """The example of the contract, word for word."""
    (folder / "alerts" / "ops.yaml").write_text(
        """
receivers:
  - name: ops
    webhook: {url: "http://127.0.0.1:9000/hook", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", allow_private: true}
groups:
  - name: growth
    interval: 500ms
    receiver: ops
    rules:
      - alert: SignupsMany
        metric: signups
        bucket: running
        condition: ">= 20.5"
        for: 1m30s
        keep_firing_for: 0s
        labels: {severity: critical}
        annotations: {summary: "…", runbook_url: "https://example.com"}
""",
        "utf-8",
    )
    workspace = load_workspace(folder)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    ops = WebhookReceiver("ops", "http://127.0.0.1:9000/hook", secret, allow_private=True)
    assert workspace.alerts.receivers == (ops,)
    assert workspace.alerts.rules[0] == AlertRule(
        alert="SignupsMany",
        group="growth",
        subject=MetricSubject("signups"),
        bucket="running",
        operator=">=",
        threshold=20.5,
        receivers=("ops",),
        owner="growth",
        for_seconds=90.0,
        keep_firing_for_seconds=0.0,
        interval_seconds=0.5,
        labels={"severity": "critical"},
        annotations={"summary": "…", "runbook_url": "https://example.com"},
    )


def test_the_plan_version_changes_with_any_entry(folder: Path) -> None:
    """What was refused can be traced to the plan that refused it."""
    before = load_workspace(folder).plan
    assert load_workspace(folder).plan.version == before.version
    plan = folder / "plan" / "product.yaml"
    plan.write_text(plan.read_text("utf-8").replace("Template it was", "The template it was"), "utf-8")
    assert load_workspace(folder).plan.version != before.version


def test_the_digest_changes_with_the_numbers_only(folder: Path) -> None:
    """A new label must not make the stream count everything again."""
    funnels = load_workspace(folder).stream
    path = folder / "funnels" / "onboarding.yaml"
    path.write_text(path.read_text("utf-8").replace("Signed up", "Joined"), "utf-8")
    relabelled = load_workspace(folder).stream
    assert relabelled != funnels
    assert relabelled.digest == funnels.digest
    assert replace(funnels, core_actions_needed=4).digest != funnels.digest


def test_a_folder_with_something_in_it_is_not_written_over(folder: Path) -> None:
    """`init` never destroys."""
    with pytest.raises(FileExistsError):
        write_default_workspace(folder)


def test_a_mapping_that_contains_itself_ends(folder: Path) -> None:
    """YAML aliases can build a loop."""
    (folder / "plan" / "loop.yaml").write_text("&a\nobject: Loop\nverb: Closed\nproperties: *a\n", "utf-8")
    with pytest.raises(WorkspaceErrors):
        load_workspace(folder)
