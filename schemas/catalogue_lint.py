"""The lint of a whole catalogue: every rule by its name, exceptions taken off.

Judges by the files alone; what needs numbers is handed in (see `northstream.lint_numbers`).
"""

from collections.abc import Iterable, Mapping
from datetime import date

from schemas.board_lint import lint_boards
from schemas.catalogue import Catalogue
from schemas.definitions import TrackingPlan
from schemas.lint_findings import LintFinding, Subject, without_exceptions
from schemas.metric_lint import judged, lint_metrics
from schemas.published import RULE as CHANGED_WITHOUT_VERSION

NUMBER_RULES: Mapping[str, str] = {
    "flat-metric": "a metric that has not moved for many periods tells nothing; look at its neighbour",
    "young-ltv": "a lifetime value needs a year of data",
}
"""Rules that only a running product can tell."""

RULES: Mapping[str, str] = {
    "no-owner": "without an owner nobody acts",
    "no-threshold": "without orange or red nothing is decided",
    "no-decision": "what is on a board or in the tree says what is done when it is red",
    "no-definition": "a plain sentence says what is counted",
    "vanity-count": "a count maps to a decision",
    "vanity-name": "likes, followers, list size, page views, traffic and so on need a recorded reason",
    "missing-language": "labels, definitions and decisions are in English and French",
    "same-label": "two metrics do not share a label",
    "target-without-date": "a target says by when",
    "target-overdue": "a target's date lies ahead, or the target is met",
    "no-review": "a metric says when it is reviewed",
    "review-overdue": "a review is not overdue",
    "mixed-churn-periods": "monthly and yearly churn are two metrics",
    "unit-mismatch": "the unit fits what is computed",
    "never-matures": "a conversion says within which time",
    "unplanned-property": "properties of events are planned",
    "one-north-star": "exactly one metric is the north star, and the tree stands under it",
    "retired-metric": "boards and tree show no retired metric",
    "no-audience": "a board says for whom it is",
    "no-cadence": "a board says how often it is looked at",
    "no-refresh": "a board is refreshed",
    "too-many-cards": "an exec board has 5 cards, a team's 7, a starter 3; what people write is not counted",
    "too-many-categories": "a chart has a handful of categories, the rest are others",
    CHANGED_WITHOUT_VERSION: "a definition changes with a new version only",
    "unknown-rule": "an exception names a rule",
    "unused-exception": "an exception that is not needed is removed",
    **NUMBER_RULES,
}
"""Every rule and what it asks for."""


def lint_catalogue(
    catalogue: Catalogue, plan: TrackingPlan, today: date, more: Iterable[LintFinding] = (), has_numbers: bool = False
) -> list[LintFinding]:
    """Every broken rule, in the order of files and lines.

    Args:
        more: findings of rules that are judged elsewhere; exceptions hold for them too.
        has_numbers: whether `more` comes from a running product, so that an exception for its rules can be unused.
    """
    ground = judged(catalogue, plan, today)
    found = [*lint_metrics(ground), *lint_boards(ground), *more]
    checked = [rule for rule in RULES if has_numbers or rule not in NUMBER_RULES]
    subjects: list[Subject] = [*catalogue.metrics.values(), *catalogue.boards.values()]
    return without_exceptions(found, subjects, RULES, checked)
