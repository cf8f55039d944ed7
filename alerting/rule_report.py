"""A rule and where it stands, as `/api/alerts` shows it.

Does not judge. What people did about it, and who has heard of it, is added by `alerting.alerter`.
"""

from collections.abc import Mapping
from typing import Any

from alerting.payload import instant
from alerting.states import RuleState, State
from schemas.alerts import AlertRule


def rule_report(
    rule: AlertRule, state: RuleState | None, comparison: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A rule that was not judged yet (no state) is inactive since None."""
    return {
        "alert": rule.alert,
        "group": rule.group,
        "state": state.state if state else State.INACTIVE,
        "since": instant(state.since_ms) if state else None,
        "cause": state.cause if state else "",
        "value": state.value if state else None,
        "comparison": comparison,
        "metric": rule.metric,
        "bucket": rule.bucket,
        "condition": rule.condition,
        "owner": rule.owner,
        "severity": rule.severity,
        "receiver": ", ".join(rule.receivers),
        "receivers": list(rule.receivers),
        "alert_id": state.alert_id or None if state else None,
        "started_at": instant(state.started_ms) if state else None,
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "noise_budget": rule.noise_budget,
    }
