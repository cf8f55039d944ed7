"""What keeps a notice from a receiver for now or for good: silences, quiet hours, limits of a day, its own end.

Does not put notices together to messages (`alerting.planning`) or keep anything. Time is an argument.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alerting.notices import Hold, Notice, Reason
from alerting.quiet import quiet_until
from schemas.alert_controls import MATCHED, Silence
from schemas.alerts import AlertDefinitions, AlertRule, Manners
from schemas.calendar import Calendar

_PLAIN = Manners()


@dataclass(frozen=True, slots=True)
class Drop:
    """Never."""

    reason: Reason


@dataclass(frozen=True)
class Tally:
    """What was told since the workspace's day began: incidents by receiver and rule, messages about starts by receiver.

    `with_start` gives a new one.
    """

    of_rule: Mapping[tuple[str, str], int] = field(default_factory=dict)
    to_receiver: Mapping[str, int] = field(default_factory=dict)

    def with_starts(self, starts: Sequence[Notice]) -> "Tally":
        """After one message about these starts, all for one receiver."""
        if not starts:
            return self
        told = Counter((start.receiver, start.rule) for start in starts)
        return Tally(Counter(self.of_rule) + told, Counter(self.to_receiver) + Counter({starts[0].receiver: 1}))


@dataclass(frozen=True)
class Context:
    """All that decides besides the notices themselves; `silences` may hold some that are over or yet to come."""

    definitions: AlertDefinitions
    calendar: Calendar
    silences: Sequence[Silence] = ()

    @cached_property
    def rules(self) -> Mapping[str, AlertRule]:
        return {rule.key: rule for rule in self.definitions.rules}

    def manners(self, receiver: str) -> Manners:
        return self.definitions.manners.get(receiver, _PLAIN)

    def next_day(self, now_ms: int) -> int:
        """When the workspace's day is over (Unix ms)."""
        return self.calendar.start_of(self.calendar.day_of(now_ms) + 1)


def is_muted(told: Mapping[str, Any], receiver: str, context: Context, now_ms: int) -> Hold | None:
    """Whether nobody may hear of this rule (what is told of it), or not this receiver at this hour."""
    ends = [each.ends_ms for each in context.silences if silences(each, told, now_ms)]
    if ends:
        return Hold(Reason.SILENCED, max(ends))
    quiet = context.manners(receiver).quiet
    if quiet is None or told["severity"] in quiet.except_for:
        return None
    until_ms = quiet_until(quiet, now_ms)
    return None if until_ms is None else Hold(Reason.QUIET_HOURS, until_ms)


def is_dropped(start: Notice, context: Context) -> Drop | None:
    """A start that waits although its rule no longer names the receiver. A rule that is gone ends its incidents."""
    rule = context.rules.get(start.rule)
    if rule is None or start.receiver in rule.receivers:
        return None
    return Drop(Reason.NOT_A_RECEIVER)


def is_over_rule_limit(start: Notice, tally: Tally, context: Context, now_ms: int) -> Hold | None:
    """Whether the receiver has heard of as many incidents of the rule today as it may."""
    most = rule_limit(start, context)
    if not most or tally.of_rule.get((start.receiver, start.rule), 0) < most:
        return None
    return Hold(Reason.RULE_LIMIT, context.next_day(now_ms))


def is_over_receiver_limit(receiver: str, tally: Tally, context: Context, now_ms: int) -> Hold | None:
    """Whether the receiver has got as many messages about starts today as it may."""
    most = context.manners(receiver).at_most_per_day
    if not most or tally.to_receiver.get(receiver, 0) < most:
        return None
    return Hold(Reason.RECEIVER_LIMIT, context.next_day(now_ms))


def rule_limit(start: Notice, context: Context) -> int:
    """Incidents of the start's rule that receivers hear of in a day; 0: all."""
    rule = context.rules.get(start.rule)
    return rule.at_most_per_day if rule is not None else 0


def silences(silence: Silence, told: Mapping[str, Any], now_ms: int) -> bool:
    """Whether it holds now and matches the rule: every matcher, exactly."""
    is_on = silence.starts_ms <= now_ms < silence.ends_ms
    return is_on and all(value_of(told, each.name) == each.value for each in silence.matchers)


def value_of(told: Mapping[str, Any], name: str) -> str:
    """Of a rule (what is told of it) a property that people can match or group by, or a label; empty if it has none."""
    found = told.get(name) if name in MATCHED else told["labels"].get(name)
    return "" if found is None else str(found)
