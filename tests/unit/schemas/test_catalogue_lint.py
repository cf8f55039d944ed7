"""The named rules of the catalogue's lint, from a table of catalogues that break them."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.catalogue_files import load_catalogue
from schemas.catalogue_lint import NUMBER_RULES, RULES, lint_catalogue
from schemas.definitions import Workspace
from schemas.published import RULE
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

TODAY = date(2026, 11, 22)
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "lint.yaml").read_text("utf-8"))

METRIC = {
    "id": "good",
    "label": {"en": "Finished tasks", "fr": "Tâches finies"},
    "definition": {"en": "Tasks that were completed.", "fr": "Tâches terminées."},
    "decision": {"en": "If red, we call.", "fr": "Si rouge, nous appelons."},
    "owner": "growth",
    "unit": "count",
    "orange": 10,
    "review_by": date(2027, 2, 1),
    "compute": {"count": {"event": "Task Completed"}},
}
BOARD = {
    "id": "board",
    "label": {"en": "Board", "fr": "Tableau"},
    "owner": "growth",
    "audience": {"en": "All", "fr": "Tous"},
    "cadence": "weekly",
    "refresh": "1m",
}


def over(entry: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The entry with these changes; null takes a key away."""
    return {key: value for key, value in (entry | changes).items() if value is not None}


def board_of(changes: dict[str, Any]) -> dict[str, Any]:
    """A board of the named kinds of cards."""
    kinds, split = changes.pop("cards", ["number"]), changes.pop("split", None)
    shown = {"decisions": {"decisions": True}, "notes": {"notes": True}, "long_table": {"table": ["good"] * 9}}
    cards = [over(shown.get(kind, {kind: "good"}), {"split": split}) for kind in kinds]
    label = {"en": "One", "fr": "Un"}
    return over(BOARD, changes) | {"sections": [{"label": label, "cards": cards}]}


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load_workspace(DEFAULT_WORKSPACE)


def write(folder: Path, case: dict[str, Any]) -> None:
    for kind in ("metrics", "boards"):
        (folder / kind).mkdir()
    metrics = [over(METRIC, item) for item in case.get("metrics", [case.get("metric", {})])]
    (folder / "metrics" / "all.yaml").write_text(yaml.safe_dump(metrics, sort_keys=False), "utf-8")
    (folder / "workspace.yaml").write_text(yaml.safe_dump({"name": "Cases", **case.get("main", {})}), "utf-8")
    if "board" in case:
        (folder / "boards" / "all.yaml").write_text(yaml.safe_dump(board_of(dict(case["board"]))), "utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_broken_rule_is_named(case: dict[str, Any], tmp_path: Path, workspace: Workspace) -> None:
    """All at once, in the order of files and lines; what is allowed finds nothing."""
    write(tmp_path, case)
    alone = Workspace("Cases", "EUR", "en", workspace.plan, workspace.stream, metrics=())
    findings = lint_catalogue(load_catalogue(tmp_path, alone), workspace.plan, TODAY)
    said = [
        f"{'warning: ' if item.level == 'warning' else ''}{item.subject}: {item.message} [{item.rule}]"
        for item in findings
    ]
    assert said == case["found"]
    assert all(str(item).startswith(f"{item.file}:{item.line}: ") for item in findings)


def test_every_rule_has_its_case() -> None:
    """What is not in the table is judged elsewhere: by numbers, by what was published."""
    told = " ".join(line for case in CASES for line in case["found"])
    missing = {rule for rule in RULES if f"[{rule}]" not in told}
    assert missing == {*NUMBER_RULES, RULE}


def test_the_default_catalogue_keeps_our_own_rules(workspace: Workspace) -> None:
    """What a new user starts from; warnings are for the owners of its metrics."""
    catalogue = load_catalogue(DEFAULT_WORKSPACE, workspace)
    findings = lint_catalogue(catalogue, workspace.plan, TODAY)
    assert [str(finding) for finding in findings if finding.level == "error"] == []


def test_a_missing_board_folder_is_no_problem(tmp_path: Path, workspace: Workspace) -> None:
    """A workspace of before has none."""
    shutil.copytree(DEFAULT_WORKSPACE, tmp_path / "w")
    shutil.rmtree(tmp_path / "w" / "boards")
    main = tmp_path / "w" / "workspace.yaml"
    main.write_text(main.read_text("utf-8").replace("opening_board: overview", "# none"), "utf-8")
    assert load_catalogue(tmp_path / "w", workspace).boards == {}
