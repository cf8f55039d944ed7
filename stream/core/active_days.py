"""Active days of a person as bits, and the rolling windows that they cover.

Does not keep counters: it says which buckets change. Bit 0 is `FIRST_DAY`.
"""

from datetime import date
from typing import Annotated

import msgspec

from schemas.calendar import DAY_MS, day_number

FIRST_DAY = day_number(date(2025, 1, 1))
"""The day of bit 0. Events older than 400 days are refused before they get here, so no earlier day is ever active."""

_LAST_DAY = day_number(date(2100, 1, 1))

EventTime = Annotated[int, msgspec.Meta(ge=(FIRST_DAY + 1) * DAY_MS, le=_LAST_DAY * DAY_MS)]
"""Unix ms that lie on a day which can be counted in any time zone. A record with others is none of our collectors'."""

WINDOWS = (("dau", 1), ("wau", 7), ("mau", 30))
"""Counters of rolling actives and their widths in days: a bucket's window ends with its day."""


def covered(days: int, width: int) -> int:
    """The buckets in whose window of `width` days at least one active day lies.

    An active day d covers the buckets d … d + width − 1. Doubling keeps it to log2(width) steps.
    """
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        days |= days << step
        reach += step
    return days


def has_possible_days(days: int) -> bool:
    """Whether no day lies so far ahead that nobody can have been active on it."""
    return days.bit_length() <= _LAST_DAY - FIRST_DAY + 1


def neighbours(days: int, bit: int) -> tuple[int, int]:
    """The active days next before and after `bit`; far away (±1000) where there is none."""
    before = days & ((1 << bit) - 1)
    after = days >> (bit + 1)
    previous_day = before.bit_length() - 1 if before else -1000
    next_day = bit + (after & -after).bit_length() if after else bit + 1000
    return previous_day, next_day


def runs(bits: int) -> list[tuple[int, int]]:
    """The stretches of set bits as (first, last), ascending."""
    found = []
    offset = 0
    while bits:
        skip = (bits & -bits).bit_length() - 1
        bits >>= skip
        length = (~bits & (bits + 1)).bit_length() - 1
        found.append((offset + skip, offset + skip + length - 1))
        bits >>= length
        offset += skip + length
    return found
