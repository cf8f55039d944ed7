"""`northstream plan lint`: what breaks the tracking plan's rules of style and ownership.

Does not judge: the rules are in `schemas.plan_lint`.
"""

from northstream.failures import UserError
from northstream.settings import Settings
from schemas.plan_lint import lint_plan
from schemas.workspace import DEFAULT_WORKSPACE, WorkspaceErrors, load_workspace


def show_lint(settings: Settings) -> int:
    """Print one line per broken rule; exit code 1 if there is any."""
    try:
        workspace = load_workspace(settings.workspace or DEFAULT_WORKSPACE)
    except WorkspaceErrors as error:
        raise UserError(f"the workspace {settings.workspace} cannot be used:\n{error}") from error
    findings = lint_plan(workspace.plan)
    for finding in findings:
        print(finding)
    print(f"{len(workspace.plan.events)} events, {len(findings)} findings")
    return 1 if findings else 0
