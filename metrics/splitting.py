"""Which computations a property of events says something of: those of events that are named.

Does not compute.
"""

from schemas.computes import (
    Actives,
    Compute,
    Conversion,
    Count,
    Distinct,
    EventSet,
    FunnelConversion,
    Mean,
    Retention,
    Sum,
    TimeBetween,
)
from schemas.measuring import Segment

PROPERTY = "property."


def is_about(compute: Compute) -> bool:
    """Whether splitting it by an event's property means something; else it stays whole beside one that is."""
    match compute:
        case Count(source=source) | Distinct(source=source) | Sum(source=source) | Mean(source=source):
            return _is_named(source)
        case Actives(source=source):
            return _is_named(source)
        case Conversion(start=start) | TimeBetween(start=start):
            return _is_named(start)
        case Retention(cohort=cohort):
            return _is_named(cohort)
        case FunnelConversion():
            return True
        case _:
            return False


def without_property(filters: tuple[Segment, ...], split: str) -> tuple[tuple[Segment, ...], str]:
    """Filters and split without those by a property."""
    kept = tuple(one for one in filters if not one.dimension.startswith(PROPERTY))
    return kept, "" if split.startswith(PROPERTY) else split


def _is_named(source: EventSet) -> bool:
    return bool(source.events) and not source.active
