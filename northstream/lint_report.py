"""What a lint has found, for a terminal: one line per problem, a line that says how much was looked at, the exit code.

Does not judge.
"""

from collections.abc import Sequence

from schemas.lint_findings import LintFinding
from schemas.yaml_lines import Finding


def report_lint(looked_at: str, unreadable: Sequence[Finding], broken: Sequence[LintFinding], is_strict: bool) -> int:
    """Print all of it in the order of files and lines; 1 if there is an error or, when `is_strict`, a warning."""
    placed = [(item.file, item.line, str(item)) for item in unreadable]
    placed += [(item.file, item.line, str(item)) for item in broken]
    for _, _, text in sorted(placed):
        print(text)
    errors = sum(finding.level == "error" for finding in broken)
    print(f"{looked_at}: {len(unreadable) + errors} findings, {len(broken) - errors} warnings")
    return 1 if unreadable or errors or (is_strict and broken) else 0
