"""Who is behind a number: statements of subjects with what each contributed, the largest first.

Runs nothing. A subject is a person or an account, as known now.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from metrics import following, streamed, visiting
from metrics.asked_rows import Asked
from metrics.sources import number_of
from metrics.streamed import WINDOWS
from schemas.computes import (
    Actives,
    Compute,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Subject,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.measuring import NotComputable

_PERSONS: Subject = "person"


def subject_of(compute: Compute) -> Subject:
    """Whether persons or accounts are behind it."""
    if isinstance(compute, Distinct | Actives | Conversion) or (
        isinstance(compute, TimeBetween) and not compute.pair_by
    ):
        return compute.of
    return _PERSONS


def statement(compute: Compute, asked: Asked, limit: int, offset: int) -> str:
    """(subject, name, contribution). Raises NotComputable for a kind that has nobody behind it."""
    rows = _contributions(compute, asked)
    return f"""
    SELECT subject, any(name) AS known_as, sum(part) AS contribution FROM ({rows}) GROUP BY subject
    ORDER BY contribution DESC, known_as LIMIT {int(limit)} OFFSET {int(offset)}"""


def _contributions(compute: Compute, asked: Asked) -> str:
    if isinstance(compute, Counter):
        return _of_counter(compute.numerator, asked)
    write = _WRITERS.get(type(compute))
    if write is None:
        raise NotComputable("nobody is behind a number of this kind")
    return write(compute, asked)


def _messages(compute: Any, asked: Asked) -> str:
    if isinstance(compute, Distinct) and compute.first:
        return f"SELECT subject, name, 1 AS part FROM {asked.firsts(compute.source, compute.of)}"
    days = compute.window_days - 1 if isinstance(compute, Actives) else 0
    first = (asked.last if days else asked.first) - timedelta(days=days)
    return f"SELECT subject, name, 1 AS part FROM {asked.told(compute.source, subject_of(compute), first, asked.last)}"


def _amounts(compute: Any, asked: Asked) -> str:
    value = f", {number_of(compute.property, asked.parameters)} AS part"
    rows = asked.told(compute.source, _PERSONS, asked.first, asked.last, value)
    if isinstance(compute, Sum):
        return f"SELECT subject, name, part FROM {rows} WHERE part IS NOT NULL"
    return f"""
    SELECT subject, any(rows.name) AS name, toDecimal128(sum(rows.part) / count(), 9) AS part
    FROM {rows} AS rows WHERE rows.part IS NOT NULL GROUP BY subject"""


def _converted(compute: Conversion, asked: Asked) -> str:
    starts = asked.firsts(compute.start, compute.of)
    bare = asked.firsts(compute.start, compute.of, is_told=False)
    return _found(starts, following.ended(bare, asked, compute.end, compute.of, compute.within_seconds))


def _retained(compute: Retention, asked: Asked) -> str:
    cohort = following.cohort_of(compute.cohort, asked)
    return _found(asked.firsts(cohort), following.active_later(compute, asked, asked.firsts(cohort, is_told=False)))


def _found(starts: str, found: str) -> str:
    return f"""
    SELECT starts.subject AS subject, starts.name AS name, found.is_found AS part FROM {starts} AS starts
    LEFT ANY JOIN (SELECT DISTINCT subject, toUInt8(1) AS is_found FROM {found}) AS found
        ON found.subject = starts.subject"""


def _took(compute: TimeBetween, asked: Asked) -> str:
    return f"SELECT subject, name, toDecimal64(took, 3) / 1000 AS part FROM {following.spans(compute, asked)}"


def _visits(compute: Sessions, asked: Asked) -> str:
    part = {
        "duration": "toDecimal64(times[-1] - times[1], 3) / 1000",
        "bounces": "toInt64(length(times) = 1)",
    }.get(compute.part, "1")
    rows = visiting.session_rows(compute, asked)
    return f"SELECT subject, name, {part} AS part FROM {rows} WHERE {asked.bucket()} > 0"


def _active_days(compute: UsageInterval, asked: Asked) -> str:
    first = asked.last - timedelta(days=visiting.USAGE_DAYS - 1)
    rows = asked.told(EventSet(active=True), _PERSONS, first, asked.last)
    return f"SELECT subject, any(rows.name) AS name, 1 AS part FROM {rows} AS rows GROUP BY subject, day"


def _entries(compute: FunnelConversion, asked: Asked) -> str:
    rows = streamed.entry_rows(compute, asked)
    return f"SELECT who AS subject, name, 1 AS part FROM {rows} WHERE reached >= {int(compute.to_step)}"


def _of_counter(counter: str, asked: Asked) -> str:
    if counter in WINDOWS:
        return _messages(Actives(EventSet(active=True), WINDOWS[counter]), asked)
    if counter == "signups":
        return _messages(Distinct(EventSet(events=(asked.stream.signup_event,)), first=True), asked)
    if counter in ("activated", "activations"):
        return f"SELECT subject, name, 1 AS part FROM {streamed.activated_rows(counter, asked)}"
    raise NotComputable(f"nobody is behind the counter {counter}")


_WRITERS: dict[type, Callable[[Any, Asked], str]] = {
    Count: _messages,
    Distinct: _messages,
    Actives: _messages,
    Sum: _amounts,
    Mean: _amounts,
    Conversion: _converted,
    Retention: _retained,
    TimeBetween: _took,
    Sessions: _visits,
    UsageInterval: _active_days,
    FunnelConversion: _entries,
}
