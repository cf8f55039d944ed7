"""A backtest as plain data for the read API.

Does not judge.
"""

from typing import Any

from dashboard.backtest_words import limit_in_words, summary
from dashboard.moments import instant
from dashboard.written_numbers import Spelling
from schemas.backtests import Backtest, PastIncident


def backtest_answer(found: Backtest, spelling: Spelling) -> dict[str, Any]:
    """Instants are UTC. `series`: what the threshold was held against, each value until the next one."""
    return {
        "rule": found.rule,
        "metric": found.subject,
        "bucket": found.bucket,
        "condition": found.condition,
        "threshold": found.threshold,
        "severity": found.severity,
        "timezone": found.timezone,
        "from": instant(found.from_ms),
        "to": instant(found.to_ms),
        "steps": found.steps,
        "limits": [{"limit": limit, "text": limit_in_words(limit, spelling.language)} for limit in found.limits],
        "summary": summary(found, spelling),
        "incidents": [_incident(incident, found.to_ms) for incident in found.incidents],
        "incidents_per_week": round(found.incidents_per_week, 3),
        "flaps": found.flaps,
        "firing_seconds": found.seconds_firing,
        "median_seconds": found.median_seconds,
        "share_firing": found.share_firing,
        "buckets": found.buckets,
        "buckets_without_data": found.buckets_without_data,
        "most_in_30_days": found.most_in_30_days,
        "noise_budget": found.noise_budget,
        "over_budget": found.is_over_budget,
        "suggestions": [
            {
                "threshold": each.threshold,
                "condition": each.condition,
                "incidents": each.incidents,
                "share_firing": each.share_firing,
            }
            for each in found.suggestions
        ],
        "series": [{"at": instant(mark.at_ms), "value": mark.compared} for mark in found.series],
    }


def _incident(incident: PastIncident, to_ms: int) -> dict[str, Any]:
    return {
        "started_at": instant(incident.started_ms),
        "ended_at": instant(incident.ended_ms),
        "duration_seconds": ((incident.ended_ms or to_ms) - incident.started_ms) / 1000,
        "value": incident.value,
        "peak": incident.peak,
        "flap": incident.is_flap,
    }
