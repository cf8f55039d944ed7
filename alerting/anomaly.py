"""How far a number lies from what is usual: the robust z-score.

Does not know rules or calendars: which numbers are the usual ones is the caller's choice.

The modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, ASQC 1993; also the NIST/SEMATECH
e-Handbook of Statistical Methods, 1.3.5.17): (x − median) ÷ (1.4826 · MAD), where MAD is the median of the absolute
deviations from the median, and 1.4826 makes it the standard deviation of a normal distribution. A few odd numbers in
the history move neither. Where more than half of the numbers are equal the MAD is 0; then their mean absolute deviation
stands in, scaled likewise (1.2533 = √(π/2)).
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

MEDIAN_DEVIATION_SCALE = 1.4826
MEAN_DEVIATION_SCALE = 1.2533


class Score(NamedTuple):
    """`z` is in units of `spread` from `middle`, the median of the history."""

    z: float
    middle: float
    spread: float


def robust_z(value: float, history: Sequence[float]) -> Score | None:
    """The score of `value` among finite numbers of `history` (at least one).

    None where they are all equal and it is another: there is no spread to measure its distance by.
    """
    middle = median(history)
    deviations = [abs(each - middle) for each in history]
    spread = MEDIAN_DEVIATION_SCALE * median(deviations) or MEAN_DEVIATION_SCALE * fmean(deviations)
    if spread == 0:
        return Score(0.0, middle, 0.0) if value == middle else None
    return Score((value - middle) / spread, middle, spread)
