"""With how many decimals a metric's values are shown.

Does not round anything.
"""

from collections.abc import Mapping

from schemas.catalogue import MetricDefinition, Unit

_BY_UNIT: Mapping[Unit, int] = {
    "count": 0,
    "ratio": 1,
    "seconds": 0,
    "money": 0,
    "days": 1,
    "months": 1,
    "years": 1,
    "score": 1,
    "multiple": 1,
    "bytes": 0,
}
"""Of a ratio: decimals of its per cent."""


def decimals_of(metric: MetricDefinition) -> int:
    """What the definition says, else what is usual for its unit."""
    return _BY_UNIT[metric.unit] if metric.decimals is None else metric.decimals
