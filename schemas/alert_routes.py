"""Routes: who hears of a rule that names no receiver, decided when files are loaded.

Does not read files: see `schemas.alert_files`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.alerts import AlertRule, MetricSubject

FIELDS = ("owner", "severity", "group", "alert", "metric")
"""What a route can look at, besides a rule's labels."""


@dataclass(frozen=True, slots=True)
class Route:
    """Rules with all of these values go to `receivers` (none: to nobody) and, with `goes_on`, to later routes too."""

    receivers: tuple[str, ...]
    match: Mapping[str, str] = field(default_factory=dict)
    goes_on: bool = False

    def takes(self, rule: AlertRule) -> bool:
        return all(value in _values(rule, name) for name, value in self.match.items())


def receivers_of(rule: AlertRule, routes: Iterable[Route]) -> tuple[str, ...]:
    """The receivers of the first route that takes the rule, and of those behind it as long as routes go on."""
    found: list[str] = []
    for route in routes:
        if route.takes(rule):
            found.extend(route.receivers)
            if not route.goes_on:
                break
    return tuple(dict.fromkeys(found))


def _values(rule: AlertRule, name: str) -> tuple[str, ...]:
    """What a rule has under a name. A metric's id matches its segments too."""
    match name:
        case "owner":
            return (rule.owner,)
        case "severity":
            return (rule.severity,)
        case "group":
            return (rule.group,)
        case "alert":
            return (rule.alert,)
        case "metric" if isinstance(rule.subject, MetricSubject):
            return (rule.metric, rule.subject.metric)
        case "metric":
            return (rule.metric,)
    return (rule.labels[name],) if name in rule.labels else ()
