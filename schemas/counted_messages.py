"""Which messages, or facts, a rule's subject counts: those whose absence can be noticed.

Does not look for them.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from schemas.alerts import FunnelSubject, MetricSubject, QualitySubject, Subject
from schemas.catalogue import MetricDefinition
from schemas.compute_walk import all_parts
from schemas.computes import (
    STREAMED,
    Actives,
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
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import StreamDefinitions

_SUBSCRIPTIONS = EventSet(
    events=tuple(f"Subscription {verb}" for verb in ("Canceled", "Downgraded", "Renewed", "Started", "Upgraded"))
)
_ANYTHING = EventSet(types=("page", "screen", "track"))
_ACTIVE = ("dau", "wau", "mau")


class CountedMessages(NamedTuple):
    """`sources`: any message of any of them counts. `facts`: by name."""

    sources: tuple[EventSet, ...] = ()
    facts: tuple[str, ...] = ()


class CountsNothing(LookupError):
    """The absence of a subject cannot be noticed; the message says why."""


def can_be_absent(subject: Subject, metrics: Mapping[str, MetricDefinition]) -> bool:
    """Whether a rule may wait for the absence of a subject that is known.

    Streamed metrics, metrics with events or facts in any of their parts, steps of funnels, and all messages
    (`received`) or refused ones (`quarantined`); not of a segment.
    """
    if isinstance(subject, QualitySubject):
        return subject.number in ("received", "quarantined")
    if isinstance(subject, FunnelSubject):
        return True
    return not subject.segments and any(_counts_something(part) for part in _parts(subject.metric, metrics))


def counted_messages(
    subject: MetricSubject | FunnelSubject, metrics: Mapping[str, MetricDefinition], stream: StreamDefinitions
) -> CountedMessages:
    """What a metric or a step counts; of a rate, and of what is made of several, whatever any part counts.

    Raises:
        CountsNothing: there is nothing to wait for.
    """
    if isinstance(subject, FunnelSubject):
        return CountedMessages((_step(subject.funnel, subject.step, stream),))
    if subject.segments:
        raise CountsNothing("nobody can say when a segment was last seen; watch its number instead")
    parts = list(_parts(subject.metric, metrics))
    sources = dict.fromkeys(source for part in parts for source in _sources(part, stream))
    facts = dict.fromkeys(part.fact for part in parts if isinstance(part, Fact))
    if not sources and not facts:
        raise CountsNothing(f"{subject.metric} counts no messages that could be absent")
    return CountedMessages(tuple(sources), tuple(facts))


def _parts(metric: str, metrics: Mapping[str, MetricDefinition]) -> Iterator[Compute]:
    if metric in metrics:
        yield from all_parts(metrics[metric], metrics)
    elif metric in STREAMED:
        yield STREAMED[metric]


def _counts_something(part: Compute) -> bool:
    match part:
        case Counter(numerator=numerator):
            return numerator != "late"
        case Count() | Distinct() | Sum() | Mean() | Actives() | Conversion() | TimeBetween() | Retention() | Fact():
            return True
        case FunnelConversion() | Sessions() | Balance() | Concentration() | UsageInterval():
            return True
        case _:
            return False


def _sources(part: Compute, stream: StreamDefinitions) -> tuple[EventSet, ...]:
    """Of what follows a start: the start."""
    match part:
        case Counter(numerator=numerator, denominator=denominator):
            return tuple(_of_counter(name, stream) for name in (numerator, denominator) if name and name != "late")
        case Count(source=source) | Sum(source=source) | Mean(source=source):
            return (source,)
        case Distinct(source=source) | Actives(source=source):
            return (source,)
        case Conversion(start=start) | TimeBetween(start=start):
            return (start,)
        case Retention(cohort=cohort):
            return (cohort if cohort != EventSet() else _event(stream.signup_event),)
        case FunnelConversion(funnel=funnel, from_step=step):
            return (_step(funnel, step, stream),)
        case Balance() | Concentration():
            return (_SUBSCRIPTIONS,)
        case Sessions():
            return (_ANYTHING,)
        case UsageInterval():
            return (EventSet(active=True),)
        case _:
            return ()


def _of_counter(name: str, stream: StreamDefinitions) -> EventSet:
    """Of activations the actions that make them: nobody is activated without one."""
    if name in _ACTIVE:
        return EventSet(active=True)
    return _event(stream.signup_event) if name == "signups" else EventSet(events=tuple(sorted(stream.core_actions)))


def _step(funnel: str, step: int, stream: StreamDefinitions) -> EventSet:
    for known in stream.funnels:
        if known.id == funnel and 1 <= step <= len(known.steps):
            return _event(known.steps[step - 1].event)
    raise CountsNothing(f"there is no step {step} of a funnel {funnel}")


def _event(name: str) -> EventSet:
    return EventSet(events=(name,))
