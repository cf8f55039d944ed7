"""`northstream plan lint`: what breaks the tracking plan's rules of style and ownership.

Does not judge: the rules are in `schemas.plan_lint`.
"""

from northstream.settings import Settings
from northstream.workspaces import load_named_workspace
from schemas.plan_lint import lint_plan


def show_lint(settings: Settings) -> int:
    """Print one line per broken rule; exit code 1 if there is any."""
    workspace = load_named_workspace(settings)
    findings = lint_plan(workspace.plan)
    for finding in findings:
        print(finding)
    print(f"{len(workspace.plan.events)} events, {len(findings)} findings")
    return 1 if findings else 0
