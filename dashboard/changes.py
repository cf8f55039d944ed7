"""How much a value changed: a level in per cent, a rate in points.

Does not round, and does not say whether that is good.
"""

from decimal import Decimal
from typing import Literal

from schemas.catalogue import Unit

ChangeUnit = Literal["percent", "points"]


def change_unit(unit: Unit) -> ChangeUnit:
    return "points" if unit == "ratio" else "percent"


def change_of(before: Decimal | None, after: Decimal | None, unit: Unit) -> Decimal | None:
    """From before to after; None where one is unknown, or for a level that was 0. 3 means 3 % or 3 points."""
    if before is None or after is None:
        return None
    if change_unit(unit) == "points":
        return (after - before) * 100
    return (after - before) / abs(before) * 100 if before else None
