"""How values came about within their buckets, and when nothing came at all: what backtests ask of the past.

Does not compute: implemented by the package `metrics`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from schemas.alerts import Subject
from schemas.measuring import Grain


class CoursePoint(NamedTuple):
    """From `at_ms` on the bucket's value was this, by the times of events and with persons as known now.

    `samples`: what the value rests on, of a rate its denominator.
    """

    at_ms: int
    value: float | None
    samples: float | None = None


class Silence(NamedTuple):
    """Nothing of a subject occurred between two of its messages (Unix ms); the last one ends with the present."""

    from_ms: int
    to_ms: int


class Courses(Protocol):
    """Safe to use from several threads. Both may raise `schemas.reading.ReadingUnavailable`."""

    def course(
        self, subject: Subject, first: date, last: date, grain: Grain
    ) -> Mapping[date, Sequence[CoursePoint]] | None:
        """By first day, each bucket from that of `first` to that of `last`.

        Points in ascending order, to quarters of an hour, the first at the bucket's beginning, when there was nothing.
        None where it cannot be told.
        """
        ...

    def silences(self, subject: Subject, from_ms: int, to_ms: int) -> Sequence[Silence] | None:
        """The longest ones of a time, in their order, and the last of all; empty: nothing ever occurred.

        None where it cannot be told.
        """
        ...
