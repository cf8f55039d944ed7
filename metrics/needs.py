"""Which data a computation stands on, and how far before a change it may move.

Does not find changes: see `metrics.changes`.
"""

from dataclasses import dataclass, field, replace

from schemas.computes import (
    Actives,
    AtRisk,
    Balance,
    Compute,
    Concentration,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    Fact,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sql,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import DAY_SECONDS, StreamDefinitions

_NONE: frozenset[str] = frozenset()
_MESSAGES = frozenset(("page", "screen"))
_PERIOD_DAYS = {"day": 1, "week": 7, "month": 31}
_SESSION_DAYS = 2
SUBSCRIPTION_EVENTS = frozenset(
    f"Subscription {verb}" for verb in ("Started", "Upgraded", "Downgraded", "Canceled", "Renewed")
)
PAYMENT_EVENTS = frozenset(("Payment Received",))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a change must be of to touch a computation.

    `events`: track calls by name, None for any of them. `types`: of other messages. `people`: who is united with whom.
    `accounts`: which account somebody belongs to. `facts`: by name. `counters`: what the stream publishes, too.
    `everything`: nobody can tell (SQL). `days_before`: so many days before a change may move too; None: all.
    """

    events: frozenset[str] | None = _NONE
    types: frozenset[str] = _NONE
    people: bool = False
    accounts: bool = False
    facts: frozenset[str] = field(default_factory=frozenset)
    counters: bool = False
    everything: bool = False
    days_before: int | None = 0


def needs_of(compute: Compute, definitions: StreamDefinitions) -> Needs:
    """Of a computation that is made of no other."""
    match compute:
        case Count(source=source) | Sum(source=source) | Mean(source=source):
            return _messages((source,), definitions)
        case Distinct(source=source, of=of):
            return _messages((source,), definitions, people=True, accounts=of == "account")
        case Actives(source=source, of=of):
            found = _messages((source,), definitions, people=True, accounts=of == "account")
            return replace(found, counters=source.active)
        case Conversion(start=start, end=end, of=of, within_seconds=within):
            days = None if within is None else _days(within)
            return _messages((start, end), definitions, people=True, accounts=of == "account", days_before=days)
        case TimeBetween(start=start, end=end, of=of):
            return _messages((start, end), definitions, people=True, accounts=of == "account", days_before=None)
        case Retention():
            return _of_retention(compute, definitions)
        case FunnelConversion(funnel=funnel):
            return _of_funnel(funnel, definitions)
        case Sessions():
            return Needs(None, _MESSAGES, people=True, days_before=_SESSION_DAYS)
        case UsageInterval():
            return _messages((EventSet(active=True),), definitions, people=True)
        case Fact(fact=fact):
            return Needs(facts=frozenset((fact,)))
        case Counter():
            return Needs(counters=True)
        case Balance() | Concentration():
            return Needs(SUBSCRIPTION_EVENTS | PAYMENT_EVENTS, people=True, accounts=True)
        case AtRisk() | Sql():
            return Needs(
                None, _MESSAGES, people=True, accounts=True, everything=isinstance(compute, Sql), days_before=None
            )
        case _:
            raise TypeError(f"{type(compute).__name__} is made of others")


def _of_retention(compute: Retention, definitions: StreamDefinitions) -> Needs:
    cohort = compute.cohort if compute.cohort != EventSet() else EventSet(events=(definitions.signup_event,))
    days = None if compute.mode == "on_or_after" else (compute.after + 1) * _PERIOD_DAYS[compute.period]
    return _messages((cohort, compute.activity), definitions, people=True, days_before=days)


def _of_funnel(funnel: str, definitions: StreamDefinitions) -> Needs:
    for known in definitions.funnels:
        if known.id == funnel:
            names = frozenset(step.event for step in known.steps)
            return Needs(names, people=True, counters=True, days_before=_days(known.window_seconds))
    return Needs(None, people=True, counters=True, days_before=None)


def _messages(
    sources: tuple[EventSet, ...],
    definitions: StreamDefinitions,
    *,
    people: bool = False,
    accounts: bool = False,
    days_before: int | None = 0,
) -> Needs:
    events: frozenset[str] | None = _NONE
    types: frozenset[str] = _NONE
    for source in sources:
        names, others = _names_and_types(source, definitions)
        events = None if events is None or names is None else events | names
        types |= others
    return Needs(events, types, people, accounts, days_before=days_before)


def _names_and_types(source: EventSet, definitions: StreamDefinitions) -> tuple[frozenset[str] | None, frozenset[str]]:
    types = definitions.active_types if source.active else frozenset(source.types)
    names = definitions.active_events if source.active else frozenset(source.events)
    if "track" not in types:
        return _NONE, types
    return names or None, types - {"track"}


def _days(seconds: float) -> int:
    return int(seconds // DAY_SECONDS) + 1
