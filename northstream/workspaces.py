"""The workspace that the settings name, or every problem with it as one message for the user.

Does not read files: see `schemas.workspace`.
"""

from northstream.failures import UserError
from northstream.settings import Settings
from schemas.definitions import Workspace
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors


def load_named_workspace(settings: Settings) -> Workspace:
    """Raises UserError with every finding."""
    try:
        return load_workspace(settings.workspace or DEFAULT_WORKSPACE)
    except WorkspaceErrors as error:
        raise UserError(f"the workspace {settings.workspace} cannot be used:\n{error}") from error
