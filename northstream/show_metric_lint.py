"""`northstream metrics lint`: what breaks the rules for metrics, boards and the tree.

Does not judge: the rules are in `schemas.catalogue_lint`, those that need numbers in `northstream.lint_numbers`.
"""

from collections.abc import Sequence

from northstream.clock import unix_ms
from northstream.lint_numbers import lint_numbers
from northstream.metrics_api import MetricsApi
from northstream.published_metrics import PublishedMetrics
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace, workspace_folder
from schemas.calendar import Calendar, day_date
from schemas.catalogue import Catalogue
from schemas.catalogue_files import load_catalogue
from schemas.catalogue_lint import lint_catalogue
from schemas.lint_findings import LintFinding


def show_metric_lint(settings: Settings, has_numbers: bool, is_strict: bool) -> int:
    """Print one line per broken rule; exit code 1 if there is an error or, when `is_strict`, a warning.

    Raises:
        UserError: the workspace cannot be used, with every finding; or nobody answers who has the numbers.
    """
    workspace = load_named_workspace(settings)
    catalogue = load_catalogue(workspace_folder(settings), workspace)
    today = day_date(Calendar(workspace.stream.timezone).day_of(unix_ms()))
    more: list[LintFinding] = PublishedMetrics(settings.data_dir).changed(catalogue.metrics.values())
    if has_numbers:
        with MetricsApi(settings) as api:
            more += lint_numbers(catalogue, api, today)
    findings = lint_catalogue(catalogue, workspace.plan, today, more, has_numbers)
    for finding in findings:
        print(finding)
    print(_summary(catalogue, findings))
    return 1 if any(is_strict or finding.level == "error" for finding in findings) else 0


def _summary(catalogue: Catalogue, findings: Sequence[LintFinding]) -> str:
    errors = sum(finding.level == "error" for finding in findings)
    counts = f"{len(catalogue.metrics)} metrics, {len(catalogue.boards)} boards"
    return f"{counts}: {errors} findings, {len(findings) - errors} warnings"
