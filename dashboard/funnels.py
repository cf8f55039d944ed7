"""Funnels from the published entry counters and the stored entries; of a segment from the entries of its persons.

Does not query by itself: `Reports` and `Measures` are handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard.asking import ApiContext
from dashboard.metrics import shown
from dashboard.moments import Today
from dashboard.periods import Days
from dashboard.questions import WHOLE, Segments
from schemas.definitions import FunnelDefinition
from schemas.measuring import FunnelReach, Segment
from schemas.reading import Reports, funnel_counter


@dataclass(frozen=True, slots=True)
class FunnelAsked:
    """A funnel over a range, as a caller asks for it; `top`: how many segments of a split."""

    funnel: FunnelDefinition
    days: Days
    segments: Segments = WHOLE
    top: int = 8


def funnel_answer(context: ApiContext, asked: FunnelAsked, today: Today) -> dict[str, Any]:
    """The contract's shape; with a split also the steps of its largest segments. Blocks.

    Raises:
        UnknownDimension: funnels cannot be split or filtered so.
    """
    filters, split = asked.segments.filters, asked.segments.split
    if filters:
        answer = _shaped(asked.funnel, asked.days, _reach(context, asked, filters), today)
    else:
        answer = read_funnel(context.reports, asked.funnel, asked.days, today)
    if not split:
        return answer
    values = context.measures.segment_values(split, asked.top)
    return answer | {"segments": [_segment(context, asked, Segment(split, value)) for value in values]}


def _segment(context: ApiContext, asked: FunnelAsked, segment: Segment) -> dict[str, Any]:
    reach = _reach(context, asked, (*asked.segments.filters, segment))
    return {"dimension": segment.dimension, "value": segment.value, "steps": _steps(asked.funnel, reach)}


def _reach(context: ApiContext, asked: FunnelAsked, filters: tuple[Segment, ...]) -> FunnelReach:
    return context.measures.funnel(asked.funnel.id, asked.days.first, asked.days.last, filters)


def read_funnel(reports: Reports, funnel: FunnelDefinition, days: Days, today: Today) -> dict[str, Any]:
    """Entries by entry day and step, and distinct persons over the range (contracts §4)."""
    counters = [funnel_counter(funnel.id, step) for step in range(1, len(funnel.steps) + 1)]
    by_counter = shown(reports.daily(counters, days.first, days.last), today.day)
    persons = reports.funnel_persons(funnel.id, len(funnel.steps), days.first, days.last)
    entries = {day: [by_counter.get(counter, {}).get(day, 0) for counter in counters] for day in days}
    return _shaped(funnel, days, FunnelReach(entries, persons.reached, persons.median_seconds), today)


def _shaped(funnel: FunnelDefinition, days: Days, reach: FunnelReach, today: Today) -> dict[str, Any]:
    return {
        "funnel": funnel.id,
        "window_seconds": funnel.window_seconds,
        "steps": _steps(funnel, reach),
        "by_day": [
            {
                "day": day.isoformat(),
                "in_progress": today.is_open(day, funnel.window_seconds),
                "entries": _entries_of(reach.entries, day, len(funnel.steps)),
            }
            for day in days
        ],
    }


def _steps(funnel: FunnelDefinition, reach: FunnelReach) -> list[Mapping[str, Any]]:
    entries = [sum(reached) for reached in zip(*reach.entries.values(), strict=True)] or [0] * len(funnel.steps)
    return [
        {
            "step": index + 1,
            "name": step.event,
            "entries": entries[index],
            "persons": reach.persons[index] if index < len(reach.persons) else 0,
            "conversion_from_previous": _share(entries[index], entries[index - 1]) if index else None,
            "conversion_from_first": _share(entries[index], entries[0]),
            "median_seconds_from_previous": _median(reach, index),
        }
        for index, step in enumerate(funnel.steps)
    ]


def _entries_of(entries: Mapping[date, Sequence[int]], day: date, steps: int) -> Sequence[int]:
    return entries.get(day) or [0] * steps


def _median(reach: FunnelReach, index: int) -> float | None:
    return reach.median_seconds[index] if 0 < index < len(reach.median_seconds) else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
