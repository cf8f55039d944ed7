"""What the board shows, section by section, as plain data: numbers and codes, no words, no formatting.

Does not query by itself: `schemas.reading.Reports` is handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard.funnels import read_funnel
from dashboard.live_events import live_event
from dashboard.metrics import evaluate, shown
from dashboard.moments import Today
from dashboard.periods import Days
from schemas.computes import STREAMED
from schemas.definitions import StreamDefinitions
from schemas.reading import Completeness, Reports, RestatedDay

ACTIVE_DAYS = 60
COHORT_DAYS = 30
FUNNEL_DAYS = 30
EVENTS = 30
CHANGES = 8

_ACTIVES = ("dau", "wau", "mau")
_COHORTS = ("signups", "activated")


@dataclass(frozen=True, slots=True)
class BoardSource:
    """What sections are built from."""

    reports: Reports
    definitions: StreamDefinitions
    alerts: Callable[[], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the board that changes on its own, and how often it is looked at."""

    name: str
    build: Callable[[BoardSource, Today], Mapping[str, Any]]
    every_seconds: float


def build_actives(source: BoardSource, today: Today) -> dict[str, Any]:
    """Actives and stickiness of the last 60 days (fewer while the workspace is younger), today last."""
    known = source.reports.data_days()
    if known is None:
        return {"days": []}
    completeness = source.reports.recent_completeness()
    days = Days(max(known[0], today.day - timedelta(days=ACTIVE_DAYS - 1)), today.day)
    values = shown(source.reports.daily(_ACTIVES, days.first, days.last), today.day)
    return {
        "days": list(days),
        **{name: _column(name, values, days) for name in (*_ACTIVES, "stickiness")},
        "settled": [today.is_settled(day, completeness) for day in days],
    }


def build_activation(source: BoardSource, today: Today) -> dict[str, Any]:
    """Signups of the last 30 days and how many of them are activated; a cohort matures while its window is open."""
    days = _last(COHORT_DAYS, today.day)
    values = shown(source.reports.daily(_COHORTS, days.first, days.last), today.day)
    maturing = [today.is_open(day, source.definitions.activation_window_seconds) for day in days]
    mature = [day for day, is_open in zip(days, maturing, strict=True) if not is_open]
    return {
        "days": list(days),
        **{name: _column(name, values, days) for name in _COHORTS},
        "maturing": maturing,
        "mature_rate": evaluate(STREAMED["activation_rate"], values, Days(mature[0], mature[-1])) if mature else None,
    }


def build_funnels(source: BoardSource, today: Today) -> dict[str, Any]:
    """Every funnel over the last 30 entry days; `open_days`: how many of them may still change by new steps."""
    days = _last(FUNNEL_DAYS, today.day)
    funnels = []
    for definition in source.definitions.funnels:
        report = read_funnel(source.reports, definition, days, today)
        open_days = sum(day["in_progress"] for day in report.pop("by_day"))
        funnels.append({**report, "open_days": open_days})
    return {"first": days.first, "last": days.last, "funnels": funnels}


def build_events(source: BoardSource, _today: Today) -> dict[str, Any]:
    """The newest messages with their verdicts, newest first."""
    return {"events": [live_event(row) for row in source.reports.latest_events(EVENTS)]}


def build_quality(source: BoardSource, today: Today) -> dict[str, Any]:
    """How fresh and how complete everything is, and why messages were refused."""
    quality = source.reports.quality()
    reasons = sorted(quality.quarantine_reasons.items(), key=lambda item: (-item[1], item[0]))
    return {
        "accepted": quality.accepted,
        "quarantined": quality.quarantined,
        "flagged": quality.flagged,
        "duplicates": quality.duplicates,
        "late": quality.late,
        "lag_events": quality.completeness.lag_events,
        "complete_through_ms": quality.completeness.complete_through_ms,
        "behind_seconds": _behind_seconds(quality.completeness, today),
        "reasons": [{"rule": rule, "count": count} for rule, count in reasons],
    }


def build_changes(source: BoardSource, today: Today) -> dict[str, Any]:
    """Which published numbers were corrected since: the latest, newest first, and all days by the chart they mark."""
    days = _last(ACTIVE_DAYS, today.day)
    changes = source.reports.restated_days((*_ACTIVES, *_COHORTS), days.first, days.last)
    return {
        "changes": [_change(change) for change in changes[:CHANGES]],
        "restated": {
            "actives": sorted({change.bucket for change in changes if change.metric in _ACTIVES}),
            "activation": sorted({change.bucket for change in changes if change.metric in _COHORTS}),
        },
    }


def build_alerts(source: BoardSource, _today: Today) -> dict[str, Any]:
    """Where every alert rule stands."""
    return {"alerts": [dict(alert) for alert in source.alerts()]}


SECTIONS = (
    Section("quality", build_quality, 1.0),
    Section("events", build_events, 1.0),
    Section("actives", build_actives, 1.0),
    Section("activation", build_activation, 1.0),
    Section("alerts", build_alerts, 1.0),
    Section("funnels", build_funnels, 3.0),
    Section("changes", build_changes, 3.0),
)


def _last(count: int, today: date) -> Days:
    return Days(today - timedelta(days=count - 1), today)


def _behind_seconds(completeness: Completeness, today: Today) -> int:
    """How old the numbers are; 0 when nothing waits, however long ago the last message came."""
    through = completeness.complete_through_ms
    if completeness.lag_events == 0 or through is None:
        return 0
    return max(0, today.now_ms - through) // 1000


def _column(name: str, values: Mapping[str, Mapping[date, int]], days: Days) -> list[float | None]:
    return [evaluate(STREAMED[name], values, Days(day, day)) for day in days]


def _change(change: RestatedDay) -> dict[str, Any]:
    return {
        "metric": change.metric,
        "day": change.bucket,
        "before": change.before,
        "after": change.after,
        "count": change.count,
        "reason": change.reason,
        "at_ms": change.at_ms,
    }
