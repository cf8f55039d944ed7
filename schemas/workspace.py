"""Loads a workspace folder into `schemas.definitions`, or says everything that is wrong with it, with file and line.

Does not judge style (see `schemas.plan_lint`) and keeps nothing: a folder is read once, at start.
"""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from schemas.alert_files import AlertFile, read_alert_file
from schemas.alerts import AlertDefinitions, AlertRule, EmailReceiver
from schemas.catalogue import MetricDefinition
from schemas.catalogue_files import ground_of, read_catalogue
from schemas.definitions import DAY_SECONDS, PlannedEvent, Workspace
from schemas.funnel_files import read_funnel
from schemas.plan_files import build_plan, read_event, read_properties
from schemas.references import check_known
from schemas.workspace_folder import WorkspaceErrors, check_layout, read_all, read_main, sections_of, unique
from schemas.workspace_main import PlacedFunnel, planned_event, read_currency, read_stream
from schemas.yaml_lines import Findings, Text
from schemas.yaml_sections import Section

DEFAULT_WORKSPACE = Path(__file__).parent / "default_workspace"


def write_default_workspace(folder: Path) -> None:
    """Write the default workspace into a folder that is absent or empty.

    Raises:
        FileExistsError: the folder holds something already.
        OSError: the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is not empty")
    shutil.copytree(DEFAULT_WORKSPACE, folder, dirs_exist_ok=True)


def load_workspace(folder: Path) -> Workspace:
    """The checked workspace of a folder (contracts §6).

    Raises:
        WorkspaceErrors: with all problems at once.
    """
    findings = Findings()
    main = read_main(folder, findings)
    if main is None:
        raise WorkspaceErrors(findings.found)
    check_layout(folder, findings)
    events = _read_plan(folder, findings)
    funnels = _read_funnels(folder, findings)
    workspace = _read_definitions(main, events, funnels)
    catalogue = read_catalogue(folder, main, ground_of(workspace), findings)
    main.close()
    alerts = _read_alerts(folder, catalogue.metrics, findings)
    workspace = replace(
        workspace,
        metrics=tuple(catalogue.metrics.values()),
        alerts=AlertDefinitions(
            rules=_with_owners(alerts, catalogue.metrics), receivers=tuple(each for each, _ in alerts.receivers)
        ),
    )
    if findings.found:
        raise WorkspaceErrors(findings.found)
    return workspace


def _read_plan(folder: Path, findings: Findings) -> list[PlannedEvent]:
    return unique(read_all(folder, "plan", read_event, findings), "event", lambda event: event.name, findings)


def _read_funnels(folder: Path, findings: Findings) -> list[PlacedFunnel]:
    def read(section: Section) -> PlacedFunnel:
        definition, events = read_funnel(section)
        return PlacedFunnel(definition, Text("", section.file, section.line_of("window")), events)

    return unique(read_all(folder, "funnels", read, findings), "funnel", lambda found: found.definition.id, findings)


def _read_alerts(folder: Path, metrics: Collection[str], findings: Findings) -> AlertFile:
    """All alert files as one: a receiver may stand in another file than the groups that name it."""
    files = [read_alert_file(section) for section in sections_of(folder, "alerts", findings)]
    whole = AlertFile([r for file in files for r in file.receivers], [r for file in files for r in file.rules])
    receivers: dict[str, Text] = {}
    for receiver, name in whole.receivers:
        _check_new(name, "receiver", receivers, receiver.name, findings)
    rules: dict[str, Text] = {}
    for placed in whole.rules:
        _check_new(placed.name, "alert", rules, f"{placed.rule.group}/{placed.rule.alert}", findings)
        check_known(placed.metric, "metric", metrics, findings)
        check_known(placed.receiver, "receiver", receivers, findings)
        _check_webhook(placed.receiver, whole, findings)
    return whole


def _check_webhook(name: Text, alerts: AlertFile, findings: Findings) -> None:
    """An alert that nobody would hear of."""
    if any(isinstance(each, EmailReceiver) and each.name == name.value for each, _ in alerts.receivers):
        findings.add(
            name.file, name.line, f'receiver "{name.value}" is an e-mail: it takes digests, alerts go to webhooks'
        )


def _check_new(name: Text, kind: str, seen: dict[str, Text], key: str, findings: Findings) -> None:
    first = seen.setdefault(key, name)
    if first is not name:
        findings.add(name.file, name.line, f'{kind} "{key}" is defined in {first.file}:{first.line} already; rename it')


def _with_owners(alerts: AlertFile, metrics: Mapping[str, MetricDefinition]) -> tuple[AlertRule, ...]:
    """A rule without an owner belongs to the owner of its metric."""
    owners = {metric.id: metric.owner for metric in metrics.values()}
    rules = (placed.rule for placed in alerts.rules)
    return tuple(replace(rule, owner=rule.owner or owners.get(rule.metric, "")) for rule in rules)


def _read_definitions(main: Section, events: list[PlannedEvent], funnels: list[PlacedFunnel]) -> Workspace:
    """What `workspace.yaml` says, without the catalogue and the alerts that stand on it."""
    names = [event.name for event in events]
    stream = read_stream(main, names, funnels)
    retention, traits = main.section("retention"), main.section("traits")
    workspace = Workspace(
        name=main.text("name", required=True),
        currency=read_currency(main),
        language=main.choice("language", ("en", "fr"), "en"),
        plan=build_plan(main.choice("plan_mode", ("open", "strict"), "open"), events),
        stream=stream,
        metrics=(),
        aha_event=planned_event(main, "aha", names),
        first_value_event=planned_event(main, "first_value", names),
        person_traits=read_properties(traits, "person") if traits else (),
        group_traits=read_properties(traits, "group") if traits else (),
        log_retention_seconds=retention.duration("log", 7.0 * DAY_SECONDS) if retention else 7.0 * DAY_SECONDS,
    )
    for section in (retention, traits):
        if section is not None:
            section.close()
    return workspace
