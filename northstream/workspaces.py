"""The workspace that the settings name, or every problem with it as one message for the user.

Does not read files: see `schemas.workspace`.
"""

from pathlib import Path

from northstream.failures import UserError
from northstream.published_metrics import PublishedMetrics
from northstream.settings import Settings
from schemas.definitions import Workspace
from schemas.secret_texts import Environment
from schemas.workspace import DEFAULT_WORKSPACE, Examined, examine_workspace
from schemas.workspace_folder import MAIN_FILE, WorkspaceErrors

OWN_FOLDER = "workspace"
"""In the data folder: the workspace that the first-run guide makes where none is named."""


def workspace_folder(settings: Settings) -> Path:
    """The named workspace; without one, what the first-run guide has made in the data folder, or the default."""
    own = settings.data_dir / OWN_FOLDER
    return settings.workspace or (own if (own / MAIN_FILE).is_file() else DEFAULT_WORKSPACE)


def load_named_workspace(settings: Settings, environment: Environment = None) -> Workspace:
    """`environment`: for those who need the secrets of receivers. Raises UserError with every finding."""
    examined = examine_named_workspace(settings, environment)
    if examined.findings:
        raise _unusable(settings, WorkspaceErrors(examined.findings))
    return examined.workspace


def examine_named_workspace(settings: Settings, environment: Environment = None) -> Examined:
    """Raises UserError where nothing of it can be read."""
    try:
        return examine_workspace(workspace_folder(settings), environment)
    except WorkspaceErrors as error:
        raise _unusable(settings, error) from error


def _unusable(settings: Settings, error: WorkspaceErrors) -> UserError:
    return UserError(f"the workspace {workspace_folder(settings)} cannot be used:\n{error}")


def check_workspace(settings: Settings, environment: Environment = None) -> None:
    """Raises UserError with every finding, metrics that changed without a new version among them."""
    workspace = load_named_workspace(settings, environment)
    changed = PublishedMetrics(settings.data_dir).changed(workspace.metrics)
    if changed:
        findings = "\n".join(map(str, changed))
        raise UserError(f"the workspace {workspace_folder(settings)} cannot be used:\n{findings}")
