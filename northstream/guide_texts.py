"""The texts of the files that the first-run guide changes: tree, targets, opening board, and a board of its own.

Does not read or write files: see `northstream.workspace_editing`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.catalogue import Catalogue, MetricDefinition, TreeNode
from schemas.colours import status_of
from schemas.guide import MOST_CARDS, OWN_BOARD, Aim, GuideChoice
from schemas.workspace_folder import MAIN_FILE
from schemas.yaml_editing import NotEditable, as_flow, set_key

BOARD_FILE = f"boards/{OWN_BOARD}.yaml"

Files = dict[str, str]
"""Texts by path in the workspace."""


def changed_files(files: Mapping[str, str], catalogue: Catalogue, choice: GuideChoice) -> Files:
    """The texts that differ from `files`, in the order in which they can be written one by one.

    Raises:
        NotEditable: a file is written in a way that cannot be changed in place; the sentence names it.
    """
    changed: Files = {}
    if choice.board == OWN_BOARD:
        changed[BOARD_FILE] = own_board(catalogue, choice)
    for name, key, value in _metric_changes(catalogue, choice):
        _set(files, changed, catalogue.metrics[name].file, key, value, name)
    for key, value in _main_changes(catalogue, choice):
        _set(files, changed, MAIN_FILE, key, value)
    return {path: text for path, text in changed.items() if files.get(path) != text}


def _set(files: Mapping[str, str], changed: Files, path: str, key: str, value: Any, identifier: str = "") -> None:
    text = changed.pop(path, None) or files.get(path, "")
    try:
        changed[path] = set_key(text, key, value, identifier)
    except NotEditable as problem:
        raise NotEditable(f"{path}: {problem}") from problem


def _metric_changes(catalogue: Catalogue, choice: GuideChoice) -> list[tuple[str, str, Any]]:
    """(metric, key, value) of what a metric does not say yet."""
    found: list[tuple[str, str, Any]] = [
        (name, "target", _target(aim, catalogue.metrics[name]))
        for name, aim in choice.targets.items()
        if not _is_aimed_so(catalogue.metrics[name], aim)
    ]
    for metric in catalogue.metrics.values():
        is_star = metric.id == choice.north_star
        if is_star != (metric.role == "nsm"):
            found.append((metric.id, "role", "nsm" if is_star else "input"))
    return found


def _is_aimed_so(metric: MetricDefinition, aim: Aim) -> bool:
    return (metric.target.value, metric.target.by) == (aim.value, aim.by or metric.target.by)


def _target(aim: Aim, metric: MetricDefinition) -> dict[str, Any]:
    """A date that nobody changed stays."""
    value = int(aim.value) if aim.value == aim.value.to_integral_value() else float(aim.value)
    by = aim.by or metric.target.by
    return {"value": value} if by is None else {"value": value, "by": by}


def absurd_targets(catalogue: Catalogue, choice: GuideChoice) -> list[str]:
    """Sentences about new targets that would be orange or red themselves: the thresholds have to move first."""
    found = []
    for name, aim in choice.targets.items():
        metric = catalogue.metrics[name]
        colour = status_of(metric, aim.value)
        if colour in ("orange", "red") and not _is_aimed_so(metric, aim):
            threshold = metric.red if colour == "red" else metric.orange
            way = "above" if metric.direction == "up" else "below"
            found.append(
                f"{metric.file}:{metric.line}: {name}: a target of {aim.value:f} would be {colour} itself"
                f" ({colour} from {threshold:f}); aim {way} it, or change the threshold first"
            )
    return found


def _main_changes(catalogue: Catalogue, choice: GuideChoice) -> list[tuple[str, Any]]:
    """(key, value) of `workspace.yaml`, only what it does not say yet, so that comments stay."""
    found: list[tuple[str, Any]] = []
    before = catalogue.tree
    if before is None or before.metric != choice.north_star:
        found.append(("north_star", choice.north_star))
    tree = _tree(before, choice)
    if before is None or tree != _branches(before):
        found.append(("tree", tree))
    if catalogue.opening_board != choice.board:
        found.append(("opening_board", choice.board))
    return found


def _tree(before: TreeNode | None, choice: GuideChoice) -> dict[str, Any]:
    """The branches as chosen; an input keeps the inputs that it had, but for those that stand elsewhere now."""
    taken = {choice.north_star, *(name for names in choice.inputs.values() for name in names)}
    known = {node.metric: node for node in _nodes(before)} if before else {}

    def entry(name: str) -> Any:
        below = [entry(node.metric) for node in _below(known.get(name)) if node.metric not in taken]
        return {name: below} if below else name

    return {stage: [entry(name) for name in names] for stage, names in choice.inputs.items() if names}


def _branches(tree: TreeNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in tree.inputs:
        found.setdefault(str(node.branch), []).append(_entry(node))
    return found


def _entry(node: TreeNode) -> Any:
    return {node.metric: [_entry(below) for below in node.inputs]} if node.inputs else node.metric


def _nodes(node: TreeNode) -> list[TreeNode]:
    return [node, *(found for below in node.inputs for found in _nodes(below))]


def _below(node: TreeNode | None) -> Sequence[TreeNode]:
    return node.inputs if node else ()


def own_board(catalogue: Catalogue, choice: GuideChoice) -> str:
    """A board of the north star and its first inputs, with a place for decisions."""
    star = catalogue.metrics.get(choice.north_star)
    label = choice.board_label or "My board"
    inputs = [name for names in choice.inputs.values() for name in names if name != choice.north_star]
    lines = [
        "# Written by the first-run guide; it is yours to change.",
        "",
        f"id: {OWN_BOARD}",
        f"label: {as_flow({'en': label, 'fr': label})}",
        f"owner: {as_flow((star.owner if star else '') or 'product')}",
        "audience: {en: Everyone, fr: Tout le monde}",
        "cadence: weekly",
        "preset: own",
        "period: 28d",
        "grain: day",
        "refresh: 1m",
        "sections:",
        "  - label: {en: North star, fr: Étoile polaire}",
        "    cards:",
        f"      - number: {choice.north_star}",
        f"      - line: {choice.north_star}",
    ]
    shown = inputs[: MOST_CARDS - 2]
    if shown:
        lines += ["  - label: {en: What moves it, fr: Ce qui le fait bouger}", "    cards:"]
        lines += [f"      - number: {name}" for name in shown]
    lines += [
        "  - label: {en: Decisions and actions, fr: Décisions et actions}",
        "    cards:",
        "      - decisions: true",
    ]
    return "\n".join([*lines, ""])
