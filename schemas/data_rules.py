"""The rules about the data itself that every workspace has: while one of them is not clear, KPI rules wait.

Does not measure lag, silence or quarantine: see `northstream.alert_values`. A rule of the same name in a group `data`
of `alerts/` takes a rule's place.
"""

from collections.abc import Collection
from dataclasses import replace

from schemas.alerts import AlertRule, Gauge, QualitySubject, Severity

GROUP = "data"
OWNER = "data"


def _rule(
    name: str,
    gauge: Gauge,
    threshold: float,
    for_seconds: float,
    severity: Severity,
    summary: str,
    min_samples: float = 0.0,
    waits_for_data: bool = False,
) -> AlertRule:
    return AlertRule(
        alert=name,
        group=GROUP,
        subject=QualitySubject(gauge),
        bucket="running",
        operator=">",
        threshold=threshold,
        owner=OWNER,
        for_seconds=for_seconds,
        keep_firing_for_seconds=30.0,
        min_samples=min_samples,
        inhibits=True,
        waits_for_data=waits_for_data,
        labels={"severity": severity},
        annotations={"summary": summary},
    )


BUILT_IN: tuple[AlertRule, ...] = (
    _rule(
        "DataLate",
        "lag_seconds",
        30.0,
        for_seconds=90.0,
        severity="critical",
        summary="Events are accepted but not counted, loaded and published in time: numbers stand still.",
    ),
    _rule(
        "NoEvents",
        "silent_seconds",
        1800.0,
        for_seconds=120.0,
        min_samples=50_000.0,
        severity="critical",
        summary="No app has sent anything for half an hour, although many events come on a usual day.",
    ),
    _rule(
        "QuarantineSpike",
        "quarantine_share",
        20.0,
        for_seconds=10.0,
        min_samples=50.0,
        severity="warning",
        summary="More than a fifth of the messages of the last ten minutes broke the tracking plan and do not count.",
    ),
    _rule(
        "SelfWatchStopped",
        "watch_seconds",
        60.0,
        for_seconds=60.0,
        severity="critical",
        summary="The product's own test events do not cross the whole path any more.",
        waits_for_data=True,
    ),
    _rule(
        "DataIncomplete",
        "incomplete_seconds",
        300.0,
        for_seconds=120.0,
        severity="warning",
        summary="Nobody can say that all events are in: a collector or a reader is behind, or gone.",
        waits_for_data=True,
    ),
)
"""One that waits for data waits for those before it, so that one trouble is one incident.

Lag: a minute's burst is no trouble, and the demo's history is counted within two. Silence: where a usual
day has 50,000 messages, nights have some every minute. Quarantine: fewer than 50 messages are somebody who tries things
out. Self-watch: an event is sent every 10 s; a restart takes less than a minute.
"""


def data_rules(receivers: tuple[str, ...], declared: Collection[str]) -> tuple[AlertRule, ...]:
    """The built-in rules but those whose key is `declared` already, heard of by `receivers`."""
    return tuple(replace(rule, receivers=receivers) for rule in BUILT_IN if rule.key not in declared)
