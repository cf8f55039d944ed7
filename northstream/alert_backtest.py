"""Backtests over the numbers that were published: finds the rule, gathers its past, has it judged.

Does not judge: see `alerting.backtest`.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace

from alerting.backtest import backtest
from alerting.suggestions import suggest
from northstream.alert_past import PastReader
from schemas.alerts import Absence, AlertDefinitions, AlertRule
from schemas.backtests import LONGEST_DAYS, Backtest, NoBacktest
from schemas.durations import parse_duration
from schemas.rule_parts import parse_condition


@dataclass(frozen=True, slots=True)
class AlertBacktests:
    """Implements `schemas.backtests.Backtests`. `definitions`: the rules as they are now."""

    definitions: Callable[[], AlertDefinitions]
    past: PastReader
    timezone: str

    def run(self, rule: str, days: int, condition: str = "") -> Backtest:
        if not 1 <= days <= LONGEST_DAYS:
            raise NoBacktest(f"days: from 1 to {LONGEST_DAYS}, not {days}")
        tried = with_condition(find_rule(self.definitions().rules, rule), condition)
        if isinstance(tried.comparison, Absence):
            # A silence has no samples of its own, and what a usual day was then is not looked up.
            tried = replace(tried, min_samples=0.0)
        past = self.past.read(tried, days)
        found = backtest(tried, past, self.timezone)
        return replace(found, suggestions=suggest(tried, past))


def find_rule(rules: tuple[AlertRule, ...], name: str) -> AlertRule:
    """By `group/alert`, or by its alert if only one group has it.

    Raises:
        NoBacktest: there is none, or more than one.
    """
    exact = [rule for rule in rules if rule.key == name]
    found = exact or [rule for rule in rules if rule.alert == name]
    if len(found) == 1:
        return found[0]
    if found:
        keys = " or ".join(f'"{rule.key}"' for rule in found)
        raise NoBacktest(f'there are {len(found)} alerts "{name}"; say {keys}')
    raise NoBacktest(f'there is no alert "{name[:200]}"{_alike(rules, name)}', is_unknown=True)


def with_condition(rule: AlertRule, condition: str) -> AlertRule:
    """The rule with another condition, its own if that is empty.

    Raises:
        NoBacktest: it is none.
    """
    if not condition.strip():
        return rule
    try:
        if isinstance(rule.comparison, Absence):
            seconds = parse_duration(condition.removeprefix("absent for ").strip())
            return replace(rule, comparison=Absence(seconds), threshold=seconds)
        operator, threshold = parse_condition(condition)
    except ValueError:
        example = "3h" if isinstance(rule.comparison, Absence) else "> 30"
        raise NoBacktest(f'"{condition[:100]}" is no condition; write it like "{example}"') from None
    return replace(rule, operator=operator, threshold=threshold)


def _alike(rules: tuple[AlertRule, ...], name: str) -> str:
    keys = {text.lower(): rule.key for rule in rules for text in (rule.alert, rule.key)}
    near = difflib.get_close_matches(name.lower(), keys, n=1, cutoff=0.5)
    if near:
        return f'; did you mean "{keys[near[0]]}"?'
    return "; there are none in alerts/*.yaml" if not rules else f"; there are {', '.join(rule.key for rule in rules)}"
