"""Reads all of `alerts/*.yaml` as one: names that are used are there, routes are followed, the data's rules are added.

Does not read the rest of a workspace: see `schemas.workspace`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.alert_files import AlertFile, read_alert_file
from schemas.alert_ground import AlertGround
from schemas.alert_routes import Route, receivers_of
from schemas.alerts import AlertDefinitions, AlertmanagerReceiver, AlertRule, WebhookReceiver
from schemas.catalogue import MetricDefinition
from schemas.data_rules import data_rules
from schemas.definitions import Workspace
from schemas.references import check_known
from schemas.rule_files import PlacedRule
from schemas.secret_texts import Environment
from schemas.workspace_folder import WorkspaceErrors, sections_of
from schemas.yaml_lines import Findings, Text


@dataclass(frozen=True, slots=True)
class AlertBook:
    """What is in use, and what the files say with their places: for the lint."""

    definitions: AlertDefinitions
    files: AlertFile


def load_alerts(
    folder: Path, workspace: Workspace, metrics: Mapping[str, MetricDefinition], environment: Environment
) -> AlertDefinitions:
    """The alerts as the files say now, for a workspace that is running with these metrics.

    Raises:
        WorkspaceErrors: with all problems at once.
    """
    findings = Findings()
    book = read_alerts(folder, AlertGround.of(workspace, metrics, environment), findings)
    if findings.found:
        raise WorkspaceErrors(findings.found)
    return book.definitions


def read_alerts(folder: Path, ground: AlertGround, findings: Findings) -> AlertBook:
    """All files of `alerts/`; whatever is wrong goes to `findings`."""
    files, read = AlertFile(), set[str]()
    for section in sections_of(folder, "alerts", findings):
        read.add(section.file)
        files.add(read_alert_file(section, ground))
    _check_names(files, findings)
    # Who is not there may stand in a file that cannot be read, of which is told already.
    if not {finding.file for finding in findings.found if finding.file.startswith("alerts/")} - read:
        _check_receivers(files, findings)
    _check_once(files, findings)
    return AlertBook(_definitions(files), files)


def rules_without_metric(
    folder: Path, workspace: Workspace, metrics: Mapping[str, MetricDefinition]
) -> Iterator[PlacedRule]:
    """Rules of the files as they are now whose metric is not among these; what else is wrong there is not said here."""
    unsaid = Findings()
    ground = AlertGround.of(workspace, metrics, environment=None)
    for placed in read_alerts(folder, ground, unsaid).files.rules:
        if placed.metric and placed.metric not in metrics:
            yield placed


def _definitions(files: AlertFile) -> AlertDefinitions:
    routes = [placed.route for placed in files.routes]
    rules = tuple(_routed(placed, routes) for placed in files.rules)
    return AlertDefinitions(
        rules=(*rules, *data_rules(_data_receivers(files, rules), {rule.key for rule in rules})),
        receivers=tuple(placed.receiver for placed in files.receivers),
        manners={placed.receiver.name: placed.manners for placed in files.receivers if placed.manners is not None},
        dead_mans_switch=files.switches[0][0] if files.switches else None,
    )


def _routed(placed: PlacedRule, routes: Sequence[Route]) -> AlertRule:
    if placed.receivers is not None:
        return placed.rule
    return replace(placed.rule, receivers=receivers_of(placed.rule, routes))


def _data_receivers(files: AlertFile, rules: tuple[AlertRule, ...]) -> tuple[str, ...]:
    """Those that are named for it; else whoever hears of any rule, since it is their rules that wait."""
    if files.data_receivers:
        names, _ = files.data_receivers[0]
        return tuple(dict.fromkeys(name.value for name in names))
    return tuple(dict.fromkeys(name for rule in rules for name in rule.receivers))


def _check_names(files: AlertFile, findings: Findings) -> None:
    """Every name is given once."""
    receivers: dict[str, Text] = {}
    for placed in files.receivers:
        _check_new(placed.name, "receiver", receivers, placed.receiver.name, findings)
    rules: dict[str, Text] = {}
    for rule in files.rules:
        _check_new(rule.name, "alert", rules, rule.rule.key, findings)
    _check_switches(files, findings)


def _check_receivers(files: AlertFile, findings: Findings) -> None:
    """Every receiver that is used is given."""
    known = [placed.receiver.name for placed in files.receivers]
    for name in dict.fromkeys(_used_receivers(files)):
        check_known(name, "receiver", known, findings)


def _used_receivers(files: AlertFile) -> Iterator[Text]:
    for rule in files.rules:
        yield from rule.receivers or ()
    for route in files.routes:
        yield from route.receivers
    for names, _ in files.data_receivers:
        yield from names
    for _, receiver in files.switches:
        yield receiver


def _check_switches(files: AlertFile, findings: Findings) -> None:
    """People would be told every minute that all is well; the service must be one that notices a message's absence."""
    kinds = {placed.receiver.name: placed.receiver for placed in files.receivers}
    for _, name in files.switches:
        if not isinstance(kinds.get(name.value), WebhookReceiver | AlertmanagerReceiver | None):
            message = "a dead man's switch is a webhook or an alertmanager, which can miss a message; "
            findings.add(name.file, name.line, f'{message}"{name.value}" is neither')


def _check_new(name: Text, kind: str, seen: dict[str, Text], key: str, findings: Findings) -> None:
    first = seen.setdefault(key, name)
    if first is not name:
        findings.add(name.file, name.line, f'{kind} "{key}" is defined in {first.file}:{first.line} already; rename it')


def _check_once(files: AlertFile, findings: Findings) -> None:
    """What is about the whole workspace stands in one file."""
    places = {
        "data_receivers": [place for _, place in files.data_receivers],
        "dead_mans_switch": [place for _, place in files.switches],
    }
    for key, found in places.items():
        for again in found[1:]:
            first = f"{found[0].file}:{found[0].line}"
            findings.add(again.file, again.line, f'"{key}" is given in {first} already; keep one')
