"""The lint of all alerts: every rule by its name, exceptions taken off.

Judges by the files alone; what needs numbers is handed in (see `northstream.show_alert_lint`).
"""

from collections.abc import Iterable, Iterator, Mapping

from schemas.alert_files import PlacedRoute
from schemas.alert_folder import AlertBook
from schemas.alerts import AlertmanagerReceiver, AlertRule, PagerDutyReceiver
from schemas.data_rules import BUILT_IN, GROUP
from schemas.lint_findings import LintFinding, Subject, finding, without_exceptions
from schemas.receiver_files import PlacedReceiver
from schemas.rule_lint import Judged, lint_rule
from schemas.subject_values import Metrics

_BUILT_IN = frozenset(rule.key for rule in BUILT_IN)

NUMBER_RULES: Mapping[str, str] = {
    "over-noise-budget": "a rule starts no more incidents in 30 days than its noise budget",
}
"""Rules that only a running product can tell."""

RULES: Mapping[str, str] = {
    "nobody-hears": "a critical rule has a receiver; no rule falls through the routes by accident",
    "no-owner": "without an owner nobody acts",
    "no-summary": "who is woken reads what is wrong",
    "no-runbook": "a critical rule says what to do",
    "retired-metric": "what nobody keeps is not watched",
    "same-rule": "one cause is one message",
    "data-rule-holds-nobody": "a rule in the place of a built-in one about the data holds others back too",
    "partial-bucket": "a day that has only begun is not compared with whole ones",
    "no-for": "a number that jumps must stay high for a while",
    "small-samples": "a change in per cent rests on enough events",
    "unknown-samples": "samples are asked for only of what has any",
    "immature-cohort": "a cohort has had its time before it is called low",
    "rate-in-percent": "a rate is a fraction of 1",
    "impossible-condition": "a condition can be so, and can be not so",
    "for-too-long": "a number that begins anew at midnight cannot be breached for a day",
    "dead-route": "every route takes a rule",
    "unused-receiver": "every receiver hears of a rule",
    "never-quiet": "nobody is called at any hour for what is not critical",
    "no-dead-mans-switch": "where rules are critical, somebody outside notices when alerting itself dies",
    "unknown-rule": "an exception names a rule",
    "unused-exception": "an exception that is not needed is removed",
    **NUMBER_RULES,
}
"""Every rule and what it asks for."""


def lint_alerts(
    book: AlertBook, metrics: Metrics, more: Iterable[LintFinding] = (), has_numbers: bool = False
) -> list[LintFinding]:
    """Every broken rule, in the order of files and lines.

    Args:
        more: findings of rules that are judged elsewhere; exceptions hold for them too.
        has_numbers: whether `more` comes from a running product, so that an exception for its rules can be unused.
    """
    found = [*_lint_rules(book, metrics), *_lint_routes(book), *_lint_receivers(book), *more]
    checked = [rule for rule in RULES if has_numbers or rule not in NUMBER_RULES]
    return without_exceptions(found, subjects_of(book), RULES, checked)


def subjects_of(book: AlertBook) -> list[Subject]:
    """What can have findings and exceptions."""
    return [*book.files.rules, *book.files.routes, *book.files.receivers]


def _lint_rules(book: AlertBook, metrics: Metrics) -> Iterator[LintFinding]:
    first: dict[tuple[object, ...], str] = {}
    has_receivers = bool(book.files.receivers)
    for placed, rule in zip(book.files.rules, book.definitions.rules, strict=False):
        yield from lint_rule(Judged(rule, placed, metrics, has_receivers))
        if rule.key in _BUILT_IN and not rule.inhibits:
            message = f'it takes the place of the built-in "{rule.key}", but no rule waits for it; add "inhibits: true"'
            yield finding(placed, "data-rule-holds-nobody", message)
        what = (rule.subject, rule.bucket, rule.comparison, rule.operator, rule.threshold)
        if first.setdefault(what, rule.key) != rule.key:
            yield finding(placed, "same-rule", f'"{first[what]}" fires for the same cause; keep one')
    yield from _lint_switch(book)


def _lint_switch(book: AlertBook) -> Iterator[LintFinding]:
    heard = [each for each in book.files.rules if each.rule.severity == "critical" and _rule(book, each.id).receivers]
    if heard and book.definitions.dead_mans_switch is None:
        message = 'nobody would notice that alerting itself has died; add "dead_mans_switch: {receiver: …}"'
        yield finding(heard[0], "no-dead-mans-switch", message, "warning")


def _rule(book: AlertBook, key: str) -> AlertRule:
    return next(rule for rule in book.definitions.rules if rule.key == key)


def _lint_routes(book: AlertBook) -> Iterator[LintFinding]:
    unrouted = [placed.rule for placed in book.files.rules if placed.receivers is None]
    is_over: PlacedRoute | None = None
    for placed in book.files.routes:
        if is_over is not None:
            message = (
                f"nothing comes here: the route of {is_over.file}:{is_over.line} takes everything; move that behind"
            )
            yield finding(placed, "dead-route", message)
        elif not any(placed.route.takes(rule) for rule in unrouted):
            yield finding(placed, "dead-route", "it takes none of the rules that name no receiver", "warning")
        if not placed.route.match and not placed.route.goes_on:
            is_over = is_over or placed


def _lint_receivers(book: AlertBook) -> Iterator[LintFinding]:
    switch = book.definitions.dead_mans_switch
    for placed in book.files.receivers:
        name = placed.receiver.name
        heard = [rule for rule in book.definitions.rules if name in rule.receivers]
        if not heard and (switch is None or switch.receiver != name):
            message = "it hears of no rule; name it in one or in a route, or remove it"
            yield finding(placed, "unused-receiver", message, "warning")
        minor = [rule for rule in heard if rule.severity != "critical" and rule.group != GROUP]
        if minor and _is_disturbed(placed):
            names = ", ".join(rule.alert for rule in minor[:3]) + (", …" if len(minor) > 3 else "")
            message = f'it is told at any hour what is not critical ({names}); give it "manners: {{quiet_hours: …}}"'
            yield finding(placed, "never-quiet", message, "warning")


def _is_disturbed(placed: PlacedReceiver) -> bool:
    """Alertmanager and PagerDuty have manners of their own."""
    is_plain = not isinstance(placed.receiver, AlertmanagerReceiver | PagerDutyReceiver)
    manners = placed.manners
    return is_plain and (
        manners is None or not (manners.quiet or manners.at_most_per_day or manners.group_wait_seconds)
    )
