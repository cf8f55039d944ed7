"""Funnels from the published entry counters and the stored entries.

Does not query by itself: `schemas.reading.Reports` is handed in.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.metrics import shown
from dashboard.moments import Today
from dashboard.periods import Days
from schemas.definitions import FunnelDefinition
from schemas.reading import FunnelPersons, Reports, funnel_counter


def read_funnel(reports: Reports, funnel: FunnelDefinition, days: Days, today: Today) -> dict[str, Any]:
    """Entries by entry day and step, and distinct persons over the range (contracts §4)."""
    counters = [funnel_counter(funnel.id, step) for step in range(1, len(funnel.steps) + 1)]
    by_counter = shown(reports.daily(counters, days.first, days.last), today.day)
    persons = reports.funnel_persons(funnel.id, len(funnel.steps), days.first, days.last)
    by_day = [
        {
            "day": day.isoformat(),
            "in_progress": today.is_open(day, funnel.window_seconds),
            "entries": [by_counter.get(counter, {}).get(day, 0) for counter in counters],
        }
        for day in days
    ]
    return {
        "funnel": funnel.id,
        "window_seconds": funnel.window_seconds,
        "steps": _steps(funnel, [sum(by_counter.get(counter, {}).values()) for counter in counters], persons),
        "by_day": by_day,
    }


def _steps(funnel: FunnelDefinition, entries: Sequence[int], persons: FunnelPersons) -> list[Mapping[str, Any]]:
    return [
        {
            "step": index + 1,
            "name": step.event,
            "entries": entries[index],
            "persons": persons.reached[index] if index < len(persons.reached) else 0,
            "conversion_from_previous": _share(entries[index], entries[index - 1]) if index else None,
            "conversion_from_first": _share(entries[index], entries[0]),
            "median_seconds_from_previous": _median(persons, index),
        }
        for index, step in enumerate(funnel.steps)
    ]


def _median(persons: FunnelPersons, index: int) -> float | None:
    return persons.median_seconds[index] if 0 < index < len(persons.median_seconds) else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
