"""Reads the catalogue of a workspace folder: metrics, tree and boards, checked against each other.

Does not read plan and funnels, which are handed in, and keeps nothing: see `northstream.live_catalogue`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.alert_folder import rules_without_metric
from schemas.board_files import OnBoards, read_board
from schemas.catalogue import BoardDefinition, Catalogue
from schemas.compute_files import Known
from schemas.definitions import FunnelDefinition, Workspace
from schemas.measuring import DIMENSIONS
from schemas.metric_files import PlacedMetric, read_metric
from schemas.plan_files import read_event
from schemas.references import check_known
from schemas.tree_files import read_tree
from schemas.workspace_folder import WorkspaceErrors, read_all, read_main, sections_of, unique
from schemas.yaml_lines import Findings
from schemas.yaml_sections import Section

FIRST_BOARD = "overview"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the catalogue stands on: planned events, funnels, the signup event, declared traits."""

    events: Collection[str]
    funnels: Sequence[FunnelDefinition]
    signup: str
    traits: Sequence[str]

    @property
    def known(self) -> Known:
        return Known(self.events, {funnel.id: len(funnel.steps) for funnel in self.funnels}, self.signup)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*DIMENSIONS, *self.traits)))


def ground_of(workspace: Workspace) -> Ground:
    traits = [trait.name for trait in (*workspace.person_traits, *workspace.group_traits)]
    events = [event.name for event in workspace.plan.events]
    return Ground(events, workspace.stream.funnels, workspace.stream.signup_event, traits)


def load_catalogue(folder: Path, workspace: Workspace) -> Catalogue:
    """The catalogue as the files say now, for a workspace that is running.

    An event that was planned since then may be used already; funnels and traits are those of the workspace.

    Raises:
        WorkspaceErrors: with all problems at once.
    """
    findings = Findings()
    main = read_main(folder, findings)
    if main is None:
        raise WorkspaceErrors(findings.found)
    ground = ground_of(workspace)
    ground = replace(ground, events=[*ground.events, *_planned_since(folder)])
    catalogue = read_catalogue(folder, main, ground, findings)
    _check_rules(folder, workspace, catalogue, findings)
    if findings.found:
        raise WorkspaceErrors(findings.found)
    return catalogue


def read_catalogue(folder: Path, main: Section, ground: Ground, findings: Findings) -> Catalogue:
    """Metrics, tree and boards; whatever is wrong goes to `findings`."""
    known = ground.known
    placed = unique(
        read_all(folder, "metrics", lambda section: read_metric(section, known), findings),
        "metric",
        lambda metric: metric.definition.id,
        findings,
    )
    metrics = {metric.definition.id: metric.definition for metric in placed}
    _check_needs(placed, metrics, findings)
    boards = _read_boards(folder, OnBoards(metrics, known.funnels, ground.dimensions, known.events), findings)
    tree = read_tree(main, metrics)
    return Catalogue(metrics, tree, boards, _read_opening_board(main, boards))


def _read_boards(folder: Path, known: OnBoards, findings: Findings) -> dict[str, BoardDefinition]:
    read = read_all(folder, "boards", lambda section: read_board(section, known), findings)
    return {board.id: board for board in unique(read, "board", lambda board: board.id, findings)}


def _read_opening_board(main: Section, boards: Collection[str]) -> str:
    opening = main.placed("opening_board", required=False)
    check_known(opening, "board", boards, main.findings)
    return opening.value or FIRST_BOARD


def _check_needs(placed: Sequence[PlacedMetric], metrics: Collection[str], findings: Findings) -> None:
    """Metrics that others refer to must be there, and none may need itself."""
    for metric in placed:
        for name in metric.needs:
            check_known(name, "metric", metrics, findings)
    for circle in _circles({metric.definition.id: sorted({n.value for n in metric.needs}) for metric in placed}):
        first = next(metric for metric in placed if metric.definition.id == circle[0])
        place = next(name for name in first.needs if name.value == circle[1])
        way = " → ".join(circle)
        findings.add(place.file, place.line, f"metrics are computed in a circle: {way}")


def _circles(needs: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Each circle once, from the first of its metrics back to it."""
    done: set[str] = set()
    path: list[str] = []

    def visit(metric: str) -> Iterator[tuple[str, ...]]:
        if metric in path:
            yield (*path[path.index(metric) :], metric)
            return
        if metric in done or metric not in needs:
            return
        path.append(metric)
        for needed in needs[metric]:
            yield from visit(needed)
        path.pop()
        done.add(metric)

    for metric in needs:
        yield from visit(metric)


def _planned_since(folder: Path) -> list[str]:
    """The events of the plan's files as they are now; what is wrong with them is said at the next start."""
    unsaid = Findings()
    return [read_event(section).name for section in sections_of(folder, "plan", unsaid)]


def _check_rules(folder: Path, workspace: Workspace, catalogue: Catalogue, findings: Findings) -> None:
    """An alert that loses its metric would be silent."""
    for rule in rules_without_metric(folder, workspace, catalogue.metrics):
        message = f'the alert "{rule.name.value}" needs the metric "{rule.metric}", which is not there'
        findings.add(rule.name.file, rule.name.line, message)
