"""Statistics of an experiment: uplift with its interval, sample-ratio check, verdict. Pure.

Does not count persons: see `schemas.measuring.VariantOutcome`. Methods and rules: docs/decisions/0604.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, gamma, sqrt
from typing import Literal

from schemas.measuring import VariantOutcome

Z_95 = 1.959963984540054
SAMPLE_RATIO_WARNS, SAMPLE_RATIO_FAILS = 0.01, 0.001
FEWEST_EXPOSED = 100
"""Persons in each of two variants, below which a verdict would be a guess."""

Verdict = Literal["stop", "iterate", "scale"]
Reason = Literal["better", "worse", "churn_rises", "undecided", "too_few", "sample_ratio", "one_variant"]
_CONTROLS = ("control", "baseline", "a", "off")


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends included, at 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proportion:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two rates, in fractions of 1; `relative` is over the first rate (None when that is 0)."""

    value: float
    interval: Interval
    relative: float | None


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether variants were shown equally often: chi-squared over equal shares. `status`: warn < 0.01, fail < 0.001."""

    chi_squared: float
    p_value: float
    status: Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A variant against the control; the control itself has no verdict. `churn` is the difference of churn rates."""

    outcome: VariantOutcome
    conversion: Difference | None
    churn: Difference | None
    verdict: Verdict | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Result:
    """`verdict` of the whole: scale if any variant is to be scaled, stop if all are to be stopped, else iterate."""

    control: str | None
    variants: Sequence[Judged]
    sample_ratio: SampleRatio | None
    verdict: Verdict
    reason: Reason


def judge(outcomes: Sequence[VariantOutcome]) -> Result:
    """Every variant against the control: the variant of that name, else the first in alphabetical order."""
    control = _control_of(outcomes)
    if control is None or len(outcomes) < 2:
        alone = [Judged(outcome, None, None, None, None) for outcome in outcomes]
        return Result(control.variant if control else None, alone, None, "iterate", "one_variant")
    ratio = sample_ratio([outcome.exposed for outcome in outcomes])
    judged = [_judge(control, outcome, ratio) for outcome in outcomes]
    verdict, reason = _whole([(one.verdict, one.reason) for one in judged if one.verdict and one.reason])
    return Result(control.variant, judged, ratio, verdict, reason)


def wilson(proportion: Proportion) -> Interval:
    """Wilson's score interval of one proportion; (0, 1) of nothing."""
    n = proportion.whole
    if n == 0:
        return Interval(0.0, 1.0)
    p, zz = proportion.part / n, Z_95 * Z_95
    middle, half = 2 * proportion.part + zz, Z_95 * sqrt(zz + 4 * n * p * (1 - p))
    return Interval(max(0.0, (middle - half) / (2 * (n + zz))), min(1.0, (middle + half) / (2 * (n + zz))))


def difference(before: Proportion, after: Proportion) -> Difference | None:
    """After − before with Newcombe's hybrid score interval (1998, method 10); None over nothing."""
    p, q = before.rate, after.rate
    if p is None or q is None:
        return None
    one, other = wilson(before), wilson(after)
    low = (q - p) - sqrt((q - other.low) ** 2 + (one.high - p) ** 2)
    high = (q - p) + sqrt((other.high - q) ** 2 + (p - one.low) ** 2)
    return Difference(q - p, Interval(low, high), (q - p) / p if p else None)


def sample_ratio(exposed: Sequence[int]) -> SampleRatio:
    """Chi-squared of the counts against equal shares, with one degree of freedom less than there are variants."""
    expected = sum(exposed) / len(exposed)
    statistic = sum((count - expected) ** 2 for count in exposed) / expected if expected else 0.0
    p_value = chi_squared_tail(statistic, len(exposed) - 1)
    status: Literal["ok", "warn", "fail"] = "ok"
    if p_value < SAMPLE_RATIO_WARNS:
        status = "fail" if p_value < SAMPLE_RATIO_FAILS else "warn"
    return SampleRatio(statistic, p_value, status)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """P(X ≥ statistic): the regularised upper gamma function, whose order steps up by one from 1/2 or 1."""
    x = statistic / 2
    order, tail = (0.5, erfc(sqrt(x))) if degrees % 2 else (1.0, exp(-x))
    while order < degrees / 2:
        tail += x**order * exp(-x) / gamma(order + 1)
        order += 1
    return min(1.0, tail)


def _control_of(outcomes: Sequence[VariantOutcome]) -> VariantOutcome | None:
    named = [outcome for name in _CONTROLS for outcome in outcomes if outcome.variant.lower() == name]
    return next(iter([*named, *sorted(outcomes, key=lambda outcome: outcome.variant)]), None)


def _judge(control: VariantOutcome, outcome: VariantOutcome, ratio: SampleRatio) -> Judged:
    if outcome is control:
        return Judged(outcome, None, None, None, None)
    conversion = difference(
        Proportion(control.converted, control.exposed), Proportion(outcome.converted, outcome.exposed)
    )
    churn = difference(
        Proportion(control.churned, control.customers_before), Proportion(outcome.churned, outcome.customers_before)
    )
    verdict, reason = _verdict(min(control.exposed, outcome.exposed), conversion, churn, ratio)
    return Judged(outcome, conversion, churn, verdict, reason)


def _verdict(
    exposed: int, conversion: Difference | None, churn: Difference | None, ratio: SampleRatio
) -> tuple[Verdict, Reason]:
    """The first rule that holds."""
    if ratio.status == "fail":
        return "iterate", "sample_ratio"
    if exposed < FEWEST_EXPOSED or conversion is None:
        return "iterate", "too_few"
    if conversion.interval.high < 0:
        return "stop", "worse"
    if churn is not None and churn.interval.low > 0:
        return "stop", "churn_rises"
    return ("scale", "better") if conversion.interval.low > 0 else ("iterate", "undecided")


def _whole(judged: Sequence[tuple[Verdict, Reason]]) -> tuple[Verdict, Reason]:
    scaled = [one for one in judged if one[0] == "scale"]
    going_on = [one for one in judged if one[0] == "iterate"]
    return (scaled or going_on or list(judged))[0]
