"""Loads a workspace folder into `schemas.definitions`, or says everything that is wrong with it, with file and line.

Does not judge style (see `schemas.plan_lint`) and keeps nothing: a folder is read once, at start.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.alert_folder import AlertBook, read_alerts
from schemas.alert_ground import AlertGround
from schemas.catalogue import Catalogue
from schemas.catalogue_files import ground_of, read_catalogue
from schemas.definitions import DAY_SECONDS, PlannedEvent, Workspace
from schemas.funnel_files import read_funnel
from schemas.plan_files import build_plan, read_event, read_properties
from schemas.secret_texts import Environment
from schemas.workspace_folder import WorkspaceErrors, check_layout, read_all, read_main, unique
from schemas.workspace_main import PlacedFunnel, planned_event, read_currency, read_stream
from schemas.yaml_lines import Finding, Findings, Text
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


@dataclass(frozen=True, slots=True)
class Examined:
    """What could be read of a folder, and every problem with it. With problems it is good for nothing but a lint."""

    workspace: Workspace
    catalogue: Catalogue
    alerts: AlertBook
    findings: tuple[Finding, ...]


def load_workspace(folder: Path, environment: Environment = None) -> Workspace:
    """The checked workspace of a folder (contracts §6). `environment`: for those who need the secrets of receivers.

    Raises:
        WorkspaceErrors: with all problems at once.
    """
    examined = examine_workspace(folder, environment)
    if examined.findings:
        raise WorkspaceErrors(examined.findings)
    return examined.workspace


def examine_workspace(folder: Path, environment: Environment = None) -> Examined:
    """As much of a workspace as can be read.

    Raises:
        WorkspaceErrors: there is no `workspace.yaml`, so that nothing can.
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
    book = read_alerts(folder, AlertGround.of(workspace, catalogue.metrics, environment), findings)
    workspace = replace(workspace, metrics=tuple(catalogue.metrics.values()), alerts=book.definitions)
    return Examined(workspace, catalogue, book, WorkspaceErrors(findings.found).findings)


def _read_plan(folder: Path, findings: Findings) -> list[PlannedEvent]:
    return unique(read_all(folder, "plan", read_event, findings), "event", lambda event: event.name, findings)


def _read_funnels(folder: Path, findings: Findings) -> list[PlacedFunnel]:
    def read(section: Section) -> PlacedFunnel:
        definition, events = read_funnel(section)
        return PlacedFunnel(definition, Text("", section.file, section.line_of("window")), events)

    return unique(read_all(folder, "funnels", read, findings), "funnel", lambda found: found.definition.id, findings)


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
