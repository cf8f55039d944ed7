"""Loads a workspace folder into `schemas.definitions`, or says everything that is wrong with it, with file and line.

Does not judge style (see `schemas.plan_lint`) and keeps nothing: a folder is read once, at start.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from schemas.alert_files import AlertFile, read_alert_file
from schemas.definitions import DAY_SECONDS, AlertRule, MetricDefinition, PlannedEvent, Workspace
from schemas.metric_files import read_funnel, read_metric
from schemas.plan_files import build_plan, read_event, read_properties
from schemas.workspace_main import PlacedFunnel, planned_event, read_currency, read_stream
from schemas.yaml_lines import Finding, Findings, Text, did_you_mean
from schemas.yaml_sections import Section, read_sections

MAIN_FILE = "workspace.yaml"
FOLDERS = ("plan", "funnels", "metrics", "alerts")
DEFAULT_WORKSPACE = Path(__file__).parent / "default_workspace"

Item = TypeVar("Item")


class WorkspaceErrors(Exception):
    """The workspace cannot be used; `findings` holds every problem, in the order of files and lines."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(set(findings)))
        super().__init__("\n".join(map(str, self.findings)))


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
    main = _read_main(folder, findings)
    if main is None:
        raise WorkspaceErrors(findings.found)
    _check_layout(folder, findings)
    events = _read_plan(folder, findings)
    funnels = _read_funnels(folder, findings)
    metrics = _unique(_read_all(folder, "metrics", read_metric, findings), "metric", lambda metric: metric.id, findings)
    alerts = _read_alerts(folder, {metric.id for metric in metrics}, findings)
    workspace = _build(main, events, funnels, metrics, alerts)
    if findings.found:
        raise WorkspaceErrors(findings.found)
    return workspace


def _read_main(folder: Path, findings: Findings) -> Section | None:
    path = folder / MAIN_FILE
    if not path.is_file():
        findings.add(MAIN_FILE, 1, f'is missing in {folder}; write a workspace with "northstream init {folder}"')
        return None
    sections = list(read_sections(path, MAIN_FILE, findings))
    if len(sections) > 1:
        findings.add(MAIN_FILE, sections[1].line, "must be one mapping, not a list")
    return sections[0] if sections else None


def _check_layout(folder: Path, findings: Findings) -> None:
    """A misspelt folder or file would be left out silently."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in FOLDERS and any(_yaml_files(path)):
            hint = did_you_mean(path.name, FOLDERS) or f"; there are {', '.join(FOLDERS)}"
            findings.add(f"{path.name}/", 1, f"is no folder of a workspace{hint}")
        elif path.is_file() and path.suffix in (".yaml", ".yml") and path.name != MAIN_FILE:
            findings.add(path.name, 1, f"is not read; only {MAIN_FILE} and the folders {', '.join(FOLDERS)} are")


def _yaml_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml") and path.is_file())


def _sections(folder: Path, kind: str, findings: Findings) -> Iterator[Section]:
    for path in _yaml_files(folder / kind):
        yield from read_sections(path, path.relative_to(folder).as_posix(), findings)


def _read_all(
    folder: Path, kind: str, read: Callable[[Section], Item], findings: Findings
) -> Iterator[tuple[Item, Section]]:
    return ((read(section), section) for section in _sections(folder, kind, findings))


def _unique(
    items: Iterable[tuple[Item, Section]], kind: str, name_of: Callable[[Item], str], findings: Findings
) -> list[Item]:
    """The items; a name that was given before is a finding."""
    places: dict[str, str] = {}
    result = []
    for item, section in items:
        name = name_of(item)
        if name in places:
            findings.add(section.file, section.line, f'{kind} "{name}" is defined in {places[name]} already; keep one')
        places.setdefault(name, f"{section.file}:{section.line}")
        result.append(item)
    return result


def _read_plan(folder: Path, findings: Findings) -> list[PlannedEvent]:
    return _unique(_read_all(folder, "plan", read_event, findings), "event", lambda event: event.name, findings)


def _read_funnels(folder: Path, findings: Findings) -> list[PlacedFunnel]:
    def read(section: Section) -> PlacedFunnel:
        definition, events = read_funnel(section)
        return PlacedFunnel(definition, Text("", section.file, section.line_of("window")), events)

    return _unique(_read_all(folder, "funnels", read, findings), "funnel", lambda found: found.definition.id, findings)


def _read_alerts(folder: Path, metrics: set[str], findings: Findings) -> AlertFile:
    """All alert files as one: a receiver may stand in another file than the groups that name it."""
    files = [read_alert_file(section) for section in _sections(folder, "alerts", findings)]
    whole = AlertFile([r for file in files for r in file.receivers], [r for file in files for r in file.rules])
    receivers: dict[str, Text] = {}
    for receiver, name in whole.receivers:
        _check_new(name, "receiver", receivers, receiver.name, findings)
    rules: dict[str, Text] = {}
    for placed in whole.rules:
        _check_new(placed.name, "alert", rules, f"{placed.rule.group}/{placed.rule.alert}", findings)
        _check_known(placed.metric, "metric", metrics, findings)
        _check_known(placed.receiver, "receiver", receivers, findings)
    return whole


def _check_new(name: Text, kind: str, seen: dict[str, Text], key: str, findings: Findings) -> None:
    first = seen.setdefault(key, name)
    if first is not name:
        findings.add(name.file, name.line, f'{kind} "{key}" is defined in {first.file}:{first.line} already; rename it')


def _check_known(name: Text, kind: str, known: Iterable[str], findings: Findings) -> None:
    if name.value and name.value not in known:
        hint = did_you_mean(name.value, known) or "; define it first"
        findings.add(name.file, name.line, f'there is no {kind} "{name.value}"{hint}')


def _with_owners(alerts: AlertFile, metrics: list[MetricDefinition]) -> tuple[AlertRule, ...]:
    """A rule without an owner belongs to the owner of its metric."""
    owners = {metric.id: metric.owner for metric in metrics}
    rules = (placed.rule for placed in alerts.rules)
    return tuple(replace(rule, owner=rule.owner or owners.get(rule.metric, "")) for rule in rules)


def _build(
    main: Section,
    events: list[PlannedEvent],
    funnels: list[PlacedFunnel],
    metrics: list[MetricDefinition],
    alerts: AlertFile,
) -> Workspace:
    names = [event.name for event in events]
    stream = read_stream(main, names, funnels)
    retention, traits = main.section("retention"), main.section("traits")
    workspace = Workspace(
        name=main.text("name", required=True),
        currency=read_currency(main),
        language=main.choice("language", ("en", "fr"), "en"),
        plan=build_plan(main.choice("plan_mode", ("open", "strict"), "open"), events),
        stream=stream,
        metrics=tuple(metrics),
        receivers=tuple(receiver for receiver, _ in alerts.receivers),
        rules=_with_owners(alerts, metrics),
        aha_event=planned_event(main, "aha", names),
        first_value_event=planned_event(main, "first_value", names),
        person_traits=read_properties(traits, "person") if traits else (),
        group_traits=read_properties(traits, "group") if traits else (),
        log_retention_seconds=retention.duration("log", 7.0 * DAY_SECONDS) if retention else 7.0 * DAY_SECONDS,
    )
    for section in (main, retention, traits):
        if section is not None:
            section.close()
    return workspace
