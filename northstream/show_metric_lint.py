"""`northstream metrics lint`: what breaks the rules for metrics, boards and the tree.

Does not judge: the rules are in `schemas.catalogue_lint`, those that need numbers in `northstream.lint_numbers`.
"""

from northstream.clock import unix_ms
from northstream.lint_numbers import lint_numbers
from northstream.lint_report import report_lint
from northstream.metrics_api import MetricsApi
from northstream.published_metrics import PublishedMetrics
from northstream.settings import Settings
from northstream.workspaces import examine_named_workspace
from schemas.calendar import Calendar, day_date
from schemas.catalogue_lint import lint_catalogue
from schemas.lint_findings import LintFinding, Subject, of_whole_subjects


def show_metric_lint(settings: Settings, has_numbers: bool, is_strict: bool) -> int:
    """Print one line per problem; exit code 1 if there is an error or, when `is_strict`, a warning.

    What cannot be read is said beside the broken rules of all that can.

    Raises:
        UserError: the workspace cannot be read at all; or nobody answers who has the numbers.
    """
    examined = examine_named_workspace(settings)
    workspace, catalogue = examined.workspace, examined.catalogue
    today = day_date(Calendar(workspace.stream.timezone).day_of(unix_ms()))
    more: list[LintFinding] = PublishedMetrics(settings.data_dir).changed(catalogue.metrics.values())
    if has_numbers:
        with MetricsApi(settings) as api:
            more += lint_numbers(catalogue, api, today)
    broken = lint_catalogue(catalogue, workspace.plan, today, more, has_numbers)
    subjects: list[Subject] = [*catalogue.metrics.values(), *catalogue.boards.values()]
    broken = of_whole_subjects(broken, subjects, examined.findings)
    looked_at = f"{len(catalogue.metrics)} metrics, {len(catalogue.boards)} boards"
    return report_lint(looked_at, examined.findings, broken, is_strict)
