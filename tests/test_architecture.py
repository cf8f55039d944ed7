"""Rules about the code itself that no linter knows: who may look at the clock, and that declared lists are whole.

Who may import whom is in `.importlinter`, checked by `make lint`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from northstream.processes import ROLES
from northstream.settings import Settings
from schemas.computes import STREAMED
from schemas.violations import QUARANTINING, Rule
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import FOLDERS

ROOT = Path(__file__).parent.parent
PACKAGES = ("northstream", "schemas", "ingest", "stream", "warehouse", "alerting", "dashboard", "simulate", "metrics")

CLOCK_CALLS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}

CLOCK_SHELLS = {
    "northstream/clock.py": "the one wall clock, handed to every part",
    "simulate/demo.py": "the demo's company lives up to now",
    "stream/log/local.py": "the default clock of the log, stamped on what is appended",
    "warehouse/reports.py": "the default clock of the reports",
    "warehouse/telemetry.py": "how long ago what was loaded had been appended",
}
"""Modules that may look at the wall clock, and why."""

DRAWERS = {"utils", "util", "common", "helpers", "base", "misc"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def wall_clock_uses(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in CLOCK_CALLS:
                yield f"{name} on line {node.lineno}"


def test_only_shells_look_at_the_wall_clock() -> None:
    """Time is an argument everywhere else, so that any moment can be tested."""
    uses = {name: list(wall_clock_uses(tree)) for name, tree in modules()}
    assert {name: found for name, found in uses.items() if found and name not in CLOCK_SHELLS} == {}
    assert [name for name in CLOCK_SHELLS if not uses.get(name)] == [], "listed, but looks at no clock"


def test_every_module_says_its_job_first() -> None:
    """A module opens with its job; a package may leave that to its modules if it is empty."""
    silent = [name for name, tree in modules() if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def test_no_module_is_a_drawer() -> None:
    """A name that fits anything keeps nothing out."""
    assert [name for name, _ in modules() if Path(name).stem in DRAWERS] == []


def test_files_and_functions_stay_small() -> None:
    """Usual files have under 200 lines; 400 lines, and 50 in a function, are the end."""
    too_long = []
    for name, tree in modules():
        lines = (ROOT / name).read_text("utf-8").count("\n")
        if lines > 400:
            too_long.append(f"{name}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 50:
                    too_long.append(f"{name}: {node.name} has {length} lines")
    assert too_long == []


def test_no_error_is_swallowed_whole() -> None:
    """`except:` and `except Exception: pass` hide what nobody foresaw."""
    hidden = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and is_broad(node) and all_pass(node):
                hidden.append(f"{name}:{node.lineno}")
    assert hidden == []


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def all_pass(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(statement, ast.Pass | ast.Continue) for statement in handler.body)


def test_every_setting_says_what_it_means() -> None:
    """`northstream settings` has a sentence for each."""
    for item in fields(Settings):
        assert item.metadata["meaning"], item.name
        assert callable(item.metadata["read"]), item.name


def test_every_role_can_be_run() -> None:
    """Each declared role has its module."""
    for module in ROLES.values():
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module


def test_the_rules_that_quarantine_are_rules() -> None:
    """The list that decides what a violation leads to names only declared violations."""
    assert set(Rule) >= QUARANTINING


def test_the_default_catalogue_describes_every_metric_of_the_stream() -> None:
    """A number that nobody has defined would be on no board."""
    assert {metric.id for metric in load_workspace(DEFAULT_WORKSPACE).metrics} >= set(STREAMED)


def test_the_default_workspace_has_only_known_folders() -> None:
    """What the loader does not read would be left out silently."""
    assert {path.name for path in DEFAULT_WORKSPACE.iterdir() if path.is_dir()} <= set(FOLDERS)


LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_place_and_pin_every_package_by_hash(lock: str) -> None:
    """Where packages come from is the business of the machine that installs them; what they are is not."""
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    for entry in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
