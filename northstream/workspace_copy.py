"""A copy of the workspace as it was last whole, in the data folder: what a process starts from again after a crash.

Does not replace the workspace: the files that people edit are read first, always.
"""

import logging
import os
import shutil
from pathlib import Path

from northstream.failures import UserError
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace, workspace_folder
from schemas.definitions import Workspace
from schemas.secret_texts import Environment
from schemas.workspace import load_workspace
from schemas.workspace_folder import FOLDERS, MAIN_FILE, WorkspaceErrors, yaml_files

COPY_NAME = "workspace_in_use"

log = logging.getLogger(__name__)


class WorkspaceCopy:
    """One process keeps it; others read it. Alert receivers' secrets are in it: the data folder is its user's own."""

    def __init__(self, data_dir: Path, environment: Environment = None) -> None:
        """`environment`: of those who need the secrets of receivers: what lacks one is not whole then."""
        self.folder = data_dir / COPY_NAME
        self._environment = environment

    def keep(self, folder: Path) -> None:
        """Copy a workspace if it is whole; a copy that cannot be written is logged and left as it was."""
        draft, before = self.folder.with_suffix(".new"), self.folder.with_suffix(".old")
        try:
            load_workspace(folder, self._environment)
            shutil.rmtree(draft, ignore_errors=True)
            _copy(folder, draft)
            shutil.rmtree(before, ignore_errors=True)
            if self.folder.exists():
                self.folder.rename(before)
            draft.rename(self.folder)
            shutil.rmtree(before, ignore_errors=True)
        except WorkspaceErrors:
            # Plan or alerts are being edited too: the next whole state is copied.
            return
        except OSError as error:
            log.warning("the workspace in use cannot be copied to %s: %s", self.folder, error)

    def load(self) -> Workspace | None:
        """The workspace as copied; None when there is none, or a newer release cannot read it."""
        if not (self.folder / MAIN_FILE).is_file():
            return None
        try:
            return load_workspace(self.folder, self._environment)
        except WorkspaceErrors:
            return None


def load_workspace_to_run(settings: Settings) -> Workspace:
    """The workspace that the settings name or, while that is broken, what was in use before.

    Whoever edits a file must not take the product down when a process of it starts again.

    Raises:
        UserError: with every finding; nothing was in use before.
    """
    try:
        return load_named_workspace(settings)
    except UserError as error:
        copy = WorkspaceCopy(settings.data_dir).load()
        if copy is None:
            raise
        log.error("%s\ngoing on with the workspace as it was before, until this is mended", error)
        return copy


def keep_workspace(settings: Settings) -> None:
    """Copy the workspace that the settings name, at a start that has checked it."""
    WorkspaceCopy(settings.data_dir, os.environ).keep(workspace_folder(settings))


def _copy(folder: Path, to: Path) -> None:
    files = [folder / MAIN_FILE, *(path for name in FOLDERS for path in yaml_files(folder / name))]
    for path in files:
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
