"""What can be absent: which messages or facts a rule's subject counts."""

import pytest

from schemas.alerts import FunnelSubject, MetricSubject, QualitySubject
from schemas.catalogue import MetricDefinition
from schemas.computes import (
    AtRisk,
    Conversion,
    Count,
    Counter,
    EventSet,
    Expression,
    Fact,
    Ratio,
    Retention,
)
from schemas.counted_messages import CountedMessages, CountsNothing, can_be_absent, counted_messages
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.measuring import Segment

STEPS = tuple(FunnelStep(event, {"en": event}) for event in ("Pricing Viewed", "Account Created"))
STREAM = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track",)),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(("Task Completed", "Report Shared")),
    funnels=(FunnelDefinition("onboarding", {"en": "Onboarding"}, 604_800, STEPS),),
)


def event(*names):
    return EventSet(events=names)


COMPUTES = {
    "orders": Count(event("Order Completed")),
    "trials": Conversion(event("Trial Started"), event("Subscription Started")),
    "returning": Retention(7),
    "spend": Fact("spend"),
    "at_risk": AtRisk(),
    "late": Counter("late"),
    "cost_per_order": Ratio("spend", "orders"),
    "doubled": Expression("orders * 2 + more", {"more": Count(event("Order Refunded"))}),
    "half_at_risk": Expression("at_risk / 2"),
}
METRICS = {
    name: MetricDefinition(name, {"en": name}, {"en": ""}, "count", "team", compute)
    for name, compute in COMPUTES.items()
}


@pytest.mark.parametrize(
    ("subject", "sources", "facts"),
    [
        (MetricSubject("dau"), (EventSet(active=True),), ()),
        (MetricSubject("signups"), (event("Account Created"),), ()),
        (MetricSubject("activation_rate"), (event("Report Shared", "Task Completed"), event("Account Created")), ()),
        (MetricSubject("orders"), (event("Order Completed"),), ()),
        (MetricSubject("trials"), (event("Trial Started"),), ()),
        (MetricSubject("returning"), (event("Account Created"),), ()),
        (MetricSubject("spend"), (), ("spend",)),
        (MetricSubject("cost_per_order"), (event("Order Completed"),), ("spend",)),
        (MetricSubject("doubled"), (event("Order Refunded"), event("Order Completed")), ()),
        (FunnelSubject("onboarding", 1), (event("Pricing Viewed"),), ()),
        (FunnelSubject("onboarding", 2, "rate"), (event("Account Created"),), ()),
    ],
    ids=str,
)
def test_a_subject_is_seen_when_one_of_its_messages_comes(subject, sources, facts):
    """Of a rate and of what is made of several, whatever any part counts; of what follows a start, the start."""
    assert can_be_absent(subject, METRICS)
    found = counted_messages(subject, METRICS, STREAM)
    assert (set(found.sources), found.facts) == (set(sources), facts)
    assert isinstance(found, CountedMessages)


@pytest.mark.parametrize(
    "subject",
    [
        MetricSubject("at_risk"),
        MetricSubject("half_at_risk"),
        MetricSubject("late"),
        MetricSubject("unknown"),
        MetricSubject("signups", (Segment("channel", "paid"),)),
    ],
    ids=str,
)
def test_what_counts_no_messages_is_never_absent(subject):
    """Levels, segments and what nobody knows: the lint refuses such a rule, and at run time it is said."""
    assert not can_be_absent(subject, METRICS)
    with pytest.raises(CountsNothing):
        counted_messages(subject, METRICS, STREAM)


def test_of_the_data_all_messages_and_refused_ones_can_be_absent():
    """Gauges are levels; other day counts mark messages that are usually rare."""
    absent = [
        name for name in ("received", "quarantined", "late", "lag_seconds") if can_be_absent(QualitySubject(name), {})
    ]
    assert absent == ["received", "quarantined"]


def test_a_step_that_does_not_exist_is_said():
    """Funnels are not read anew while the product runs."""
    for unknown in (FunnelSubject("else", 1), FunnelSubject("onboarding", 3)):
        with pytest.raises(CountsNothing, match="no step"):
            counted_messages(unknown, METRICS, STREAM)
