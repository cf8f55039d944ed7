"""`northstream alerts lint`: what is wrong with rules, receivers and routes, and what breaks the rules for them.

Does not judge: the rules are in `schemas.alert_lint`.
"""

import os
from collections.abc import Iterator
from typing import Protocol

from northstream.lint_report import report_lint
from northstream.metrics_api import MetricsApi, Noise
from northstream.settings import Settings
from northstream.workspaces import examine_named_workspace
from schemas.alert_folder import AlertBook
from schemas.alert_lint import lint_alerts, subjects_of
from schemas.lint_findings import LintFinding, finding, of_whole_subjects

NOISE_DAYS = 90


class Past(Protocol):
    def noise(self, rule: str, days: int) -> Noise | None:
        """What a rule would have done over the last days; None for one that is not in use, or has no past."""
        ...


def show_alert_lint(settings: Settings, has_numbers: bool, is_strict: bool) -> int:
    """Print one line per problem; exit code 1 if there is an error or, when `is_strict`, a warning.

    What cannot be read is said beside the broken rules of all that can.

    Raises:
        UserError: the workspace cannot be read at all; or nobody answers who has the numbers.
    """
    examined = examine_named_workspace(settings, os.environ)
    book = examined.alerts
    more: list[LintFinding] = []
    if has_numbers:
        with MetricsApi(settings) as api:
            more += lint_noise(book, api)
    broken = lint_alerts(book, examined.catalogue.metrics, more, has_numbers)
    broken = of_whole_subjects(broken, subjects_of(book), examined.findings)
    looked_at = f"{len(book.files.rules)} rules, {len(book.files.receivers)} receivers"
    return report_lint(looked_at, examined.findings, broken, is_strict)


def lint_noise(book: AlertBook, past: Past) -> Iterator[LintFinding]:
    """Rules that would have started more incidents than their noise budget allows."""
    for placed in book.files.rules:
        noise = past.noise(placed.id, NOISE_DAYS)
        if noise is not None and noise.most_in_30_days > noise.budget:
            message = (
                f"would have started {noise.most_in_30_days} incidents in 30 days, its noise budget is {noise.budget}; "
                f"see `northstream alerts backtest {placed.id}` for thresholds that fit"
            )
            yield finding(placed, "over-noise-budget", message, "warning")
