"""Funnel entries of a person: one a day, each with the times of the steps it reached.

Does not count: entries are compared before and after a change by `counters`.
"""

from collections.abc import Mapping

from stream.core.definitions import Compiled, CompiledFunnel
from stream.core.person import Moments, Person

Entries = dict[tuple[int, int], tuple[int, ...]]
"""(funnel index, entry day) → times (Unix ms) of the steps reached, the entry first."""


def all_entries(person: Person, definitions: Compiled) -> Entries:
    """Every entry on a day that is not frozen, over all funnels."""
    found: Entries = {}
    if not person.steps:
        return found
    for index, funnel in enumerate(definitions.funnels):
        for day, times in _entries(funnel, person.steps, definitions).items():
            if day >= person.frozen_day:
                found[index, day] = times
    return found


def _entries(funnel: CompiledFunnel, steps: Mapping[str, Moments], definitions: Compiled) -> dict[int, tuple[int, ...]]:
    """By entry day: the first step-1 event of the day opens an entry."""
    openings = steps.get(funnel.steps[0])
    if not openings:
        return {}
    ordered = [_in_order(steps.get(name)) for name in funnel.steps]
    found: dict[int, tuple[int, ...]] = {}
    for at, message in ordered[0]:
        day = definitions.calendar.day_of(at)
        if day not in found:
            found[day] = _follow(at, message, ordered, funnel.window_ms)
    return found


def _in_order(moments: Moments | None) -> list[tuple[int, int]]:
    """(time, message) by time, then by message."""
    return sorted(zip(moments.values(), moments, strict=True)) if moments else []


def _follow(entry_ms: int, message: int, ordered: list[list[tuple[int, int]]], window_ms: int) -> tuple[int, ...]:
    """Each next step is the earliest event at or after the previous one, inside the window, that serves no step yet."""
    times = [entry_ms]
    used = {message}
    for candidates in ordered[1:]:
        previous = times[-1]
        for at, candidate in candidates:
            if at >= previous and candidate not in used:
                break
        else:
            break
        if at >= entry_ms + window_ms:
            break
        times.append(at)
        used.add(candidate)
    return tuple(times)
