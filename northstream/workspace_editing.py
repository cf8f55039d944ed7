"""Writes what the first-run guide asks for into the workspace's YAML: checked as a whole first, then file by file.

Does not word the files: see `northstream.guide_texts`. The running product finds them by itself (`live_catalogue`).
"""

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from northstream.guide_texts import absurd_targets, changed_files
from northstream.settings import Settings
from northstream.workspaces import OWN_FOLDER, workspace_folder
from schemas.catalogue_files import load_catalogue
from schemas.guide import ChangedMeanwhile, FileChange, GuideChoice, GuidePlan, NotWritable
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors, yaml_files
from schemas.yaml_editing import NotEditable


class FolderEditor:
    """Implements `schemas.guide.WorkspaceEditor` for the workspace of these settings.

    Where none is named and the default one is used, `<data folder>/workspace` is made and used from then on.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._saving = threading.Lock()

    def plan(self, choice: GuideChoice) -> GuidePlan:
        folder = workspace_folder(self._settings)
        files = _read(folder)
        base = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:24]
        target = self._target(folder)
        try:
            changes = _changes(folder, files, choice)
        except WorkspaceErrors as error:
            return GuidePlan(str(target), target != folder, base, (), tuple(map(str, error.findings)))
        except NotEditable as problem:
            return GuidePlan(str(target), target != folder, base, (), tuple(str(problem).split("\n")))
        return GuidePlan(str(target), target != folder, base, changes, _findings(folder, changes))

    def save(self, choice: GuideChoice, base: str) -> GuidePlan:
        with self._saving:
            plan = self.plan(choice)
            if plan.base != base:
                raise ChangedMeanwhile
            if not plan.findings:
                _write(Path(plan.folder), plan)
        return plan

    def _target(self, folder: Path) -> Path:
        return self._settings.data_dir / OWN_FOLDER if folder == DEFAULT_WORKSPACE else folder


def _read(folder: Path) -> dict[str, str]:
    """Every YAML file by its path in the folder, line breaks as they are."""
    try:
        return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in yaml_files(folder)}
    except (OSError, UnicodeDecodeError) as error:
        raise NotWritable(f"the workspace in {folder} cannot be read ({error})") from error


def _changes(folder: Path, files: Mapping[str, str], choice: GuideChoice) -> tuple[FileChange, ...]:
    workspace = load_workspace(folder)
    catalogue = load_catalogue(folder, workspace)
    unknown = [name for name in (choice.north_star, *choice.targets) if name not in catalogue.metrics]
    if unknown:
        raise NotEditable(f'there is no metric "{unknown[0]}" in {workspace.name}')
    absurd = absurd_targets(catalogue, choice)
    if absurd:
        raise NotEditable("\n".join(absurd))
    changed = changed_files(files, catalogue, choice)
    return tuple(FileChange(path, files.get(path), text) for path, text in changed.items())


def _findings(folder: Path, changes: tuple[FileChange, ...]) -> tuple[str, ...]:
    """What the loader says of the folder as it would be."""
    with tempfile.TemporaryDirectory(prefix="northstream-guide-") as scratch:
        draft = Path(scratch) / "workspace"
        shutil.copytree(folder, draft)
        _write_all(draft, changes)
        try:
            load_workspace(draft)
        except WorkspaceErrors as error:
            return tuple(map(str, error.findings))
    return ()


def _write(folder: Path, plan: GuidePlan) -> None:
    try:
        if plan.is_new_folder:
            _write_new(folder, plan)
        else:
            _write_all(folder, tuple(plan.changes))
    except OSError as error:
        raise NotWritable(f"{error.filename or folder} cannot be written ({error.strerror})") from error


def _write_new(folder: Path, plan: GuidePlan) -> None:
    """The whole folder appears at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".workspace-", dir=folder.parent) as scratch:
        draft = Path(scratch) / folder.name
        shutil.copytree(DEFAULT_WORKSPACE, draft)
        _write_all(draft, tuple(plan.changes))
        draft.rename(folder)


def _write_all(folder: Path, changes: tuple[FileChange, ...]) -> None:
    for change in changes:
        # A link is followed: what it leads to is what people keep.
        path = (folder / change.path).resolve()
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        try:
            with draft.open("wb") as file:
                file.write(change.after.encode())
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
