"""The named rules for the metrics of a catalogue: whether somebody acts on a number, and whether it says one thing.

Does not find what makes a catalogue unusable: see `schemas.catalogue_files`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.catalogue import Catalogue, Label, MetricDefinition, TreeNode
from schemas.compute_walk import all_parts, metrics_of, parts_of
from schemas.computes import (
    STREAMED,
    Actives,
    AtRisk,
    Balance,
    Compute,
    Concentration,
    Conversion,
    Count,
    Distinct,
    EventSet,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import TrackingPlan
from schemas.lint_findings import LintFinding, finding, missing_languages
from schemas.yaml_lines import did_you_mean

_VANITY = re.compile(
    r"\b(likes?|followers?|fans?|(mailing )?list size|page ?views?|traffic|hits|downloads?|impressions?|reach"
    r"|mentions? j'aime|abonnés (à la page|aux réseaux)|taille de (la )?liste|pages vues|trafic|téléchargements?)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\b(per|rate|ratio|share|conversion|par|taux|part|coût|cost)\b|÷|%", re.IGNORECASE)
_LEFT = ("churn", "contraction", "customers_lost")
_YEARLY = re.compile(r"\b(yearly|annual|per year|annuel(le)?|par an)\b", re.IGNORECASE)
_MONTHLY = re.compile(r"\b(monthly|per month|mensuel(le)?|par mois)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules look at. `shown`: ids on boards and in the tree. `needed`: ids that other metrics refer to."""

    catalogue: Catalogue
    plan: TrackingPlan
    today: date
    shown: Collection[str]
    needed: Collection[str]

    @property
    def metrics(self) -> Mapping[str, MetricDefinition]:
        return self.catalogue.metrics


def judged(catalogue: Catalogue, plan: TrackingPlan, today: date) -> Judged:
    cards = (card for board in catalogue.boards.values() for section in board.sections for card in section.cards)
    shown = {name for card in cards for name in card.metrics} | set(tree_metrics(catalogue.tree))
    needed = {name for metric in catalogue.metrics.values() for name in metrics_of(metric.compute)}
    return Judged(catalogue, plan, today, shown, needed)


def tree_metrics(node: TreeNode | None) -> Iterator[str]:
    """The north star and everything under it."""
    if node is not None:
        yield node.metric
        for child in node.inputs:
            yield from tree_metrics(child)


def lint_metrics(ground: Judged) -> Iterator[LintFinding]:
    """Every broken rule of every metric that is in use."""
    for metric in ground.metrics.values():
        if metric.lifecycle != "retired":
            for rule in METRIC_RULES.values():
                yield from rule(metric, ground)


def _has_owner(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    if not metric.owner:
        yield finding(metric, "no-owner", "name an owner: without one nobody acts")


def _has_threshold(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    """A target that is a condition is met or not, which is a threshold; a candidate needs none until it is shown."""
    is_bare = metric.orange is None and metric.red is None and not metric.target.condition
    if is_bare and (metric.lifecycle == "active" or metric.id in ground.shown):
        yield finding(metric, "no-threshold", 'give "orange" or "red": without a threshold nothing is decided')


def _has_decision(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    if metric.id in ground.shown and not any(metric.decision.values()):
        yield finding(metric, "no-decision", 'it is on a board or in the tree; add "decision": if red, we …')


def _counts_for_something(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    is_idle = metric.id not in ground.shown and metric.id not in ground.needed
    if metric.unit == "count" and metric.lifecycle == "active" and is_idle and not any(metric.decision.values()):
        message = 'a count that maps to no decision is vanity; say what is decided ("decision"), or retire it'
        yield finding(metric, "vanity-count", message)


def _has_no_vain_name(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    names = [metric.id.replace("_", " "), *metric.label.values()]
    found = next((match[0] for name in names if (match := _VANITY.search(name)) and not _COMPARED.search(name)), "")
    if found:
        message = (
            f'"{found}" is vanity by habit; measure what people do, or record an exception with the decision it serves'
        )
        yield finding(metric, "vanity-name", message)


def _has_definition(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    if not any(metric.definition.values()):
        yield finding(metric, "no-definition", "say in a plain sentence what is counted")


def _is_in_both_languages(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    texts: dict[str, Label] = {"label": metric.label, "definition": metric.definition, "decision": metric.decision}
    if metric.objective is not None:
        texts["objective"] = metric.objective.text
    for key, text in texts.items():
        yield from missing_languages(metric, key, text)


def _has_label_of_its_own(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    for other in ground.metrics.values():
        if other.id == metric.id:
            return
        if other.lifecycle != "retired" and other.label["en"].casefold() == metric.label["en"].casefold():
            yield finding(metric, "same-label", f'"{other.id}" has the same label; nobody can tell them apart')


def _has_dated_target(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    target = metric.target
    if target.by is None and (target.value is not None or target.condition):
        yield finding(metric, "target-without-date", 'say by when: "target: {value: …, by: 2026-12-31}"')
    elif target.by is not None and target.by < ground.today and not target.is_met:
        message = f"the target was for {target.by}; set the next one"
        yield finding(metric, "target-overdue", message, "warning")


def _is_reviewed(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    if metric.review_by is None:
        message = 'no "review_by": say when to ask whether the number is still worth looking at (a quarter ahead)'
        yield finding(metric, "no-review", message, "warning")
    elif metric.review_by < ground.today:
        message = f"its review was due on {metric.review_by}; review it, and set the next date a quarter ahead"
        yield finding(metric, "review-overdue", message, "warning")


def _has_one_churn_period(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    """Monthly and yearly churn are two metrics; what is computed from both, or named after the other, is neither."""
    parts = [part for part in all_parts(metric, ground.metrics) if isinstance(part, Balance)]
    if not any(part.part in _LEFT for part in parts):
        return
    months = sorted({part.months for part in parts if part.months})
    if len(months) > 1 or (months and any(part.part in _LEFT and not part.months for part in parts)):
        spans = " and ".join(f"{count} months" if count > 1 else "1 month" for count in months)
        others = "" if len(months) > 1 else " and the period shown"
        yield finding(metric, "mixed-churn-periods", f"mixes what left over {spans}{others}; use one period")
    elif _is_misnamed(metric, months):
        message = f"is named after another period than its {months[0]} months; rename it or change the period"
        yield finding(metric, "mixed-churn-periods", message)


def _is_misnamed(metric: MetricDefinition, months: list[int]) -> bool:
    name = " ".join((metric.id.replace("_", " "), *metric.label.values()))
    return (months == [1] and _YEARLY.search(name) is not None) or (
        months == [12] and _MONTHLY.search(name) is not None
    )


def _has_fitting_unit(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    expected = _unit_of(metric.compute)
    if expected and metric.unit not in expected:
        message = f'the unit "{metric.unit}" does not fit what is computed; it must be {" or ".join(expected)}'
        yield finding(metric, "unit-mismatch", message)


def _unit_of(compute: Compute) -> tuple[str, ...]:
    """The units that fit; empty where any may."""
    match compute:
        case FunnelConversion() | Conversion() | Retention() | Concentration() | Sessions(part="bounces"):
            return ("ratio",)
        case TimeBetween() | Sessions(part="duration"):
            return ("seconds",)
        case UsageInterval():
            return ("days",)
        case Count() | Distinct() | Actives() | AtRisk() | Sessions(part="count"):
            return ("count",)
        case Balance(part=part):
            return ("count",) if part.startswith("customers_") else ("money",)
        case _ if compute in STREAMED.values():
            return ("ratio",) if getattr(compute, "denominator", None) else ("count",)
        case _:
            return ()


def _matures(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    """A cohort that may rise for ever is never held against a threshold."""
    if any(isinstance(part, Conversion) and part.within_seconds is None for part in parts_of(metric.compute)):
        message = 'a conversion without "within" never matures, so that it has no colour; say within which time'
        yield finding(metric, "never-matures", message, "warning")


def _names_planned_properties(metric: MetricDefinition, ground: Judged) -> Iterator[LintFinding]:
    """A misspelt property counts nothing, silently. Unlisted properties are accepted, so that this is a warning."""
    planned = {event.name: {item.name for item in event.properties} for event in ground.plan.events}
    seen: set[str] = set()
    for part in parts_of(metric.compute):
        for source, properties in _properties_of(part):
            known = set().union(*(planned.get(event, set()) for event in source.events))
            for name in properties:
                if source.events and name.split(".")[0] not in known and name not in seen:
                    seen.add(name)
                    hint = did_you_mean(name, known) or "; add it to plan/ so that its type is checked"
                    events = ", ".join(source.events)
                    message = f'"{name}" is no planned property of {events}{hint}'
                    yield finding(metric, "unplanned-property", message, "warning")


def _properties_of(compute: Compute) -> list[tuple[EventSet, list[str]]]:
    def of(source: EventSet, *more: str) -> tuple[EventSet, list[str]]:
        return source, [*(condition.property for condition in source.where), *(name for name in more if name)]

    match compute:
        case Count(source) | Distinct(source=source) | Actives(source=source):
            return [of(source)]
        case Sum(source, name) | Mean(source, name):
            return [of(source, name)]
        case Conversion(start, end):
            return [of(start), of(end)]
        case TimeBetween(start=start, end=end, pair_by=name):
            return [of(start, name), of(end, name)]
        case Retention(cohort=cohort, activity=activity):
            return [of(cohort), of(activity)]
        case _:
            return []


MetricRule = Callable[[MetricDefinition, Judged], Iterator[LintFinding]]

METRIC_RULES: Mapping[str, MetricRule] = {
    "no-owner": _has_owner,
    "no-threshold": _has_threshold,
    "no-decision": _has_decision,
    "vanity-count": _counts_for_something,
    "vanity-name": _has_no_vain_name,
    "no-definition": _has_definition,
    "missing-language": _is_in_both_languages,
    "same-label": _has_label_of_its_own,
    "target-without-date": _has_dated_target,
    "review-overdue": _is_reviewed,
    "mixed-churn-periods": _has_one_churn_period,
    "unit-mismatch": _has_fitting_unit,
    "never-matures": _matures,
    "unplanned-property": _names_planned_properties,
}
