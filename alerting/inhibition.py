"""Which rules wait because the data is bad, and because of whom. Pure.

Does not judge: see `alerting.judge`. A rule waits, rather than its messages: whatever its numbers seem to say while the
data is bad is no news later, and an incident that was open before goes on as one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from alerting.states import RuleState, State
from schemas.alerts import AlertRule

_RANKS: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}


class Standing(NamedTuple):
    """An inhibiting rule and where it stands."""

    rule: AlertRule
    state: RuleState


def says_data_is_bad(standing: Standing) -> bool:
    """An inhibiting rule is breached, even if not yet for long enough to be told, or its incident is open."""
    return standing.state.is_open or standing.state.state is State.PENDING


def waits_for(rule: AlertRule, current: RuleState, inhibiting: Iterable[Standing]) -> tuple[str, ...]:
    """The keys of the inhibiting rules that a rule waits for; none: it is judged.

    A rule about a product's number waits for all that say that the data is bad. One that inhibits itself waits only
    while another of at least its severity has an incident open, or would have one without waiting for anybody, and none
    of its own is open: so one incident about the data goes out, no two wait for each other, and nothing critical hides
    behind a warning.
    """
    if not rule.waits_for_data or (rule.inhibits and current.is_open):
        return ()
    others = (each for each in inhibiting if each.rule.key != rule.key and says_data_is_bad(each))
    if rule.inhibits:
        others = (each for each in others if _goes_first(each, rule))
    return tuple(each.rule.key for each in others)


def _goes_first(other: Standing, rule: AlertRule) -> bool:
    is_sure = other.state.is_open or not other.rule.waits_for_data
    return is_sure and _rank(other.rule) >= _rank(rule)


def _rank(rule: AlertRule) -> int:
    return _RANKS.get(rule.severity, _RANKS["warning"])
