"""Parameters that several routes of the read API share: segments, language, pages of long lists, comparisons.

Does not answer anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query

from dashboard.failures import Failure, Reason
from dashboard.periods import Days
from schemas.definitions import Language
from schemas.measuring import Segment

MAX_SEGMENTS = 8
MAX_PAGE = 1000

First = Annotated[str | None, Query(alias="from", description="First day, inclusive; 29 days before `to` when absent.")]
Last = Annotated[str | None, Query(alias="to", description="Last day, inclusive; today when absent.")]
SegmentText = Annotated[
    str | None,
    Query(
        description="`channel` splits by it, `channel:ads` keeps one value, `channel:` those where nobody said; "
        "several with commas (one split at most). `\\,` is a comma inside a value."
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description=f"At most so many; up to {MAX_PAGE}.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="So many are left out; the answer's `next` goes on.")]
Lang = Annotated[Language | None, Query(description="Language of texts; the workspace's when absent.")]
Top = Annotated[int, Query(ge=1, le=50, description="So many segments of a split, the others are united.")]


@dataclass(frozen=True, slots=True)
class Segments:
    """`filters` must all hold; `split` is a dimension or empty."""

    filters: tuple[Segment, ...] = ()
    split: str = ""


WHOLE = Segments()
"""Everybody, in one."""


def read_segments(text: str | None) -> Segments:
    """The segments that a caller asks for.

    Raises:
        Failure: 422 for an empty or too long list, or a second split. Which dimensions there are, others know.
    """
    if text is None:
        return WHOLE
    parts = list(_parts(text))
    splits = [part for part in parts if ":" not in part]
    filters = [_filter(part) for part in parts if ":" in part]
    if not all(splits) or not all(segment.dimension for segment in filters):
        raise Failure(Reason.INVALID_PARAMETER, "segment: a dimension is missing; write `channel` or `channel:ads`")
    if len(splits) > 1:
        raise Failure(Reason.INVALID_PARAMETER, "segment: only one dimension may split; give the others a value")
    if len(parts) > MAX_SEGMENTS:
        raise Failure(Reason.INVALID_PARAMETER, f"segment: at most {MAX_SEGMENTS} of them")
    return Segments(tuple(filters), splits[0].strip() if splits else "")


def read_filters(text: str | None) -> tuple[Segment, ...]:
    """Segments where nothing can be split.

    Raises:
        Failure: 422, also for a split.
    """
    segments = read_segments(text)
    if segments.split:
        raise Failure(Reason.INVALID_PARAMETER, f"segment: give {segments.split[:100]} a value; nothing is split here")
    return segments.filters


def _parts(text: str) -> Iterator[str]:
    """Split at commas that no backslash precedes."""
    part, escaped = "", False
    for character in text:
        if escaped:
            part += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            yield part
            part = ""
        else:
            part += character
    yield part


def _filter(part: str) -> Segment:
    dimension, _, value = part.partition(":")
    return Segment(dimension.strip(), value or None)


def next_offset(found: int, limit: int, offset: int) -> int | None:
    """Where the next page begins, if one more than `limit` was asked for and found."""
    return offset + limit if found > limit else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A period, the one of equal length before it, and the same days a year before (of 29 February: the 28th)."""

    days: Days
    previous: Days
    last_year: Days


def compared(days: Days) -> Comparison:
    previous = Days(days.first - timedelta(days=len(days)), days.first - timedelta(days=1))
    return Comparison(days, previous, Days(_a_year_before(days.first), _a_year_before(days.last)))


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
