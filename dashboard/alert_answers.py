"""Alerts, silences and incidents as the data of answers.

Does not ask for them: see `alert_routes`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboard.moments import instant
from dashboard.periods import Grain
from schemas.alert_controls import Acknowledgement, Silence
from schemas.alert_history import Incident, IncidentStep
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED

_UNSAID: Mapping[str, Any] = {
    "messages": [],
    "receivers": [],
    "findings": [],
    "data": {"bad": False, "because": []},
    "watch": {"age_seconds": None},
    "dead_mans_switch": None,
    "judged_at": None,
}
_UNSAID_OF_RULE: Mapping[str, Any] = {
    "group": "",
    "receivers": [],
    "comparison": None,
    "cause": "",
    "held": {},
    "silenced_until": None,
    "acknowledged": None,
    "incidents_30d": None,
    "noise_budget": None,
    "over_budget": False,
}


def shown_alerts(
    told: Mapping[str, Any] | Sequence[Mapping[str, Any]], metrics: Mapping[str, MetricDefinition]
) -> dict[str, Any]:
    """What alerting shows of itself, with every key; from an alerter of an older version only its rules come.

    `metrics`: the catalogue, which knows the buckets of what rules look at.
    """
    whole = told if isinstance(told, Mapping) else {"alerts": told}
    return {**_UNSAID, **whole, "alerts": [_shown_rule(rule, metrics) for rule in whole.get("alerts", ())]}


def _shown_rule(rule: Mapping[str, Any], metrics: Mapping[str, MetricDefinition]) -> dict[str, Any]:
    shown = {**_UNSAID_OF_RULE, **rule}
    return {"rule": f"{shown['group']}/{shown['alert']}", "grain": _grain(shown.get("metric", ""), metrics), **shown}


def _grain(subject: str, metrics: Mapping[str, MetricDefinition]) -> Grain:
    """How long the rule's buckets are: of what the stream counts, days, whatever span its target is written for."""
    metric = metrics.get(subject.partition("[")[0])
    if metric is None or metric.id in STREAMED:
        return "day"
    return metric.per or "day"


def shown_silence(silence: Silence, now_ms: int) -> dict[str, Any]:
    return {
        "id": silence.stamp.id,
        "version": silence.stamp.version,
        "written_at": instant(silence.stamp.written_at_ms),
        "matchers": [{"name": each.name, "value": each.value} for each in silence.matchers],
        "starts_at": instant(silence.starts_ms),
        "ends_at": instant(silence.ends_ms),
        "active": silence.starts_ms <= now_ms < silence.ends_ms,
        "author": silence.author,
        "reason": silence.reason,
    }


def shown_acknowledgement(given: Acknowledgement) -> dict[str, Any]:
    return {"by": given.author, "at": instant(given.at_ms), "note": given.note}


def shown_incident(incident: Incident, given: Acknowledgement | None, now_ms: int) -> dict[str, Any]:
    """`told` and `held` by receiver; the duration of an open incident lasts until now."""
    steps, values = incident.steps, incident.values
    ended_ms = now_ms if incident.ended_ms is None else incident.ended_ms
    return {
        "alert_id": incident.alert_id,
        "rule": incident.rule,
        "group": incident.group,
        "alert": incident.alert,
        "metric": incident.metric,
        "bucket": incident.bucket,
        "condition": incident.condition,
        "severity": incident.severity,
        "owner": incident.owner,
        "started_at": instant(incident.started_ms),
        "ended_at": instant(incident.ended_ms),
        "duration_seconds": max(0, ended_ms - incident.started_ms) / 1000,
        "first_value": values[0] if values else None,
        "peak_value": incident.peak,
        "last_value": values[-1] if values else None,
        "cause": incident.cause,
        "told": [_shown_step(step) for step in steps if step.kind == "delivery"],
        "held": [_shown_step(step) for step in steps if step.kind == "notice"],
        "acknowledged": None if given is None else shown_acknowledgement(given),
        "changes": [_shown_change(step) for step in incident.changes],
    }


def first_of_each(given: Iterable[Acknowledgement]) -> dict[str, Acknowledgement]:
    """The one that counts by incident; `given` oldest first."""
    first: dict[str, Acknowledgement] = {}
    for each in given:
        first.setdefault(each.alert_id, each)
    return first


def _shown_step(step: IncidentStep) -> dict[str, Any]:
    return {
        "at": instant(step.at_ms),
        "kind": step.kind,
        "receiver": step.receiver,
        "status": step.status,
        "message": step.message,
        "attempts": step.attempts,
        "detail": step.detail,
    }


def _shown_change(step: IncidentStep) -> dict[str, Any]:
    return {
        "at": instant(step.at_ms),
        "from_state": step.from_state,
        "to_state": step.to_state,
        "value": step.value,
        "cause": step.detail,
    }
