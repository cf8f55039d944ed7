"""What the computers of the catalogue's kinds are asked and what they answer, inside this package.

Computes nothing. The outer world asks through `schemas.measuring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from schemas.computes import Compute
from schemas.measuring import Segment

WHOLE = "\0whole"
"""The only key of an answer that was not split; None is the NULL segment."""


class Query(Protocol):
    """Reads the warehouse; `parameters` are bound to `{name:Type}`; raises `schemas.reading.ReadingUnavailable`."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]: ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """Days of the workspace, both included; `last` is cut to today while the bucket is running."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Ask:
    """Buckets in ascending order that do not overlap; all `filters` must hold; `split` is a dimension or empty.

    `told`: the segments of the split that are told by name, whoever is in any other counts once in
    `schemas.measuring.OTHERS`; None: all are. Kinds whose segments add up need not heed it.
    """

    buckets: Sequence[Bucket]
    filters: tuple[Segment, ...] = ()
    split: str = ""
    told: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """An exact numerator and, for rates, a denominator. `is_maturing`: it may still rise for no reason but its age."""

    numerator: Decimal | None
    denominator: Decimal | None = None
    is_maturing: bool = False


Answer = Mapping[str | None, Mapping[date, Pair]]
"""By segment value, or under `WHOLE` alone; then by the bucket's first day. Buckets with nothing are absent."""


class Computer(Protocol):
    """Computes some of the kinds. Raises `schemas.measuring.UnknownDimension`, `schemas.reading.ReadingUnavailable`."""

    def compute(self, compute: Compute, ask: Ask) -> Answer: ...
