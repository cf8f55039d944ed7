"""Other thresholds for a rule, and how often the past would have answered them: each one was really judged.

Does not know what is a good number of incidents: a few are tried.
"""

from collections.abc import Sequence
from math import ceil, floor, log10

from alerting.backtest import live_through, share_firing, with_threshold
from alerting.past import Past
from schemas.alerts import Absence, AlertRule
from schemas.backtests import Suggestion

WANTED = (0, 1, 4)
"""How many incidents the thresholds should have made at most."""

MOST_FIRING = 0.5
"""A rule that fires for longer than this share of the time makes few incidents for the wrong reason."""

_DIGITS = 3


def suggest(rule: AlertRule, past: Past, wanted: Sequence[int] = WANTED) -> tuple[Suggestion, ...]:
    """The loosest thresholds with so few incidents, the strictest first. None for `==` and `!=`, or without values.

    From the strict end the number of incidents grows; where the threshold is so loose that incidents melt into one
    it falls again, and nobody looks there.
    """
    candidates = _candidates(rule, past)
    if not candidates:
        return ()
    trial = _Trial(rule, past)
    found: dict[float, Suggestion] = {}
    place = 0
    for most in sorted(wanted):
        place = _loosest(trial, candidates, place, most)
        best = trial.readable(candidates[place], most)
        if best.incidents <= most:
            found.setdefault(best.threshold, best)
    return tuple(found.values())


class _Trial:
    """What came of the thresholds that were tried."""

    def __init__(self, rule: AlertRule, past: Past) -> None:
        self._rule = rule
        self._past = past
        self._known: dict[float, Suggestion] = {}

    def of(self, threshold: float) -> Suggestion:
        if threshold not in self._known:
            rule = with_threshold(self._rule, threshold)
            life = live_through(rule, self._past)
            share = share_firing(life, self._past)
            self._known[threshold] = Suggestion(threshold, rule.condition, len(life.incidents), share)
        return self._known[threshold]

    def is_within(self, threshold: float, most: int) -> bool:
        tried = self.of(threshold)
        return tried.incidents <= most and tried.share_firing <= MOST_FIRING

    def readable(self, threshold: float, most: int) -> Suggestion:
        """With few digits if that changes no number of incidents; on the strict side if that is possible."""
        wanted = self.of(threshold).incidents
        for short in _spellings(self._rule, threshold):
            if self.is_within(short, most) and self.of(short).incidents == wanted:
                return self.of(short)
        return self.of(threshold)


def _loosest(trial: _Trial, candidates: Sequence[float], place: int, most: int) -> int:
    """The last of the candidates from `place` on that is within, before the first step that finds one that is not."""
    stride = 1
    while place + stride < len(candidates) and trial.is_within(candidates[place + stride], most):
        place, stride = place + stride, stride * 2
    beyond = min(place + stride, len(candidates))
    while beyond - place > 1:
        middle = (place + beyond) // 2
        if trial.is_within(candidates[middle], most):
            place = middle
        else:
            beyond = middle
    return place


def _candidates(rule: AlertRule, past: Past) -> list[float]:
    """What was seen, from strict to loose, after something that was never seen."""
    if rule.operator in ("==", "!=") and not isinstance(rule.comparison, Absence):
        return []
    looked = {each.seen.compared for each in live_through(rule, past).found}
    values = sorted(value for value in looked if value is not None)
    if isinstance(rule.comparison, Absence):
        values = [value for value in values if value > 0]
    if not values:
        return []
    if _looks_for_more(rule):
        return [shortened(values[-1] + _margin(values[-1]), True), *reversed(values)]
    return [shortened(values[0] - _margin(values[0]), False), *values]


def _spellings(rule: AlertRule, threshold: float) -> list[float]:
    upwards = _looks_for_more(rule)
    if isinstance(rule.comparison, Absence):
        units = [float(unit) for unit in (3_600, 60, 1) if threshold >= unit]
        return [rounding(threshold / unit) * unit for unit in units for rounding in (ceil, floor)]
    return [shortened(threshold, upwards), shortened(threshold, not upwards)]


def _looks_for_more(rule: AlertRule) -> bool:
    return isinstance(rule.comparison, Absence) or rule.operator in (">", ">=")


def _margin(value: float) -> float:
    """A tenth more, or one of what is counted."""
    return max(abs(value) * 0.1, 1.0 if value == int(value) else 1e-9)


def shortened(value: float, upwards: bool) -> float:
    """With few digits, not below (or not above) what it was."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (floor(log10(abs(value))) - _DIGITS + 1)
    rounded = (ceil if upwards else floor)(value / unit) * unit
    return float(f"{rounded:.{_DIGITS + 3}g}")
