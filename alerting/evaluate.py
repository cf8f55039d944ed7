"""One look at one rule: the value of its subject, what it is compared with, and whether the condition holds.

Does not keep state: see `alerting.states`. Does not know where values come from.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from alerting.anomaly import robust_z
from alerting.numbers import NotYetKnown, Numbers, Point
from alerting.payload import instant
from alerting.states import Observation, Verdict
from schemas.alerts import FEWEST_POINTS, Absence, AlertRule, Anomaly, Change, MetricSubject
from schemas.durations import format_duration
from schemas.reading import ReadingUnavailable

_WEEK = timedelta(days=7)
_DAYS_TO_LAST_WEEK = 8
"""Buckets from the one that is judged to the same day of last week, both counted."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


class _Found(NamedTuple):
    """`compared` is held against the threshold; `words` say it, `comparison` says what it was compared with."""

    value: float
    compared: float
    words: str
    comparison: Mapping[str, Any]


class _NoData(Exception):
    """There is nothing to judge; the message says why."""


def waits_for_handoffs(rule: AlertRule) -> bool:
    """While a person is on its way between partitions counters may be low by one: only such rules could fire on it."""
    counts_people = isinstance(rule.subject, MetricSubject) and not isinstance(rule.comparison, Absence)
    return counts_people and rule.operator in ("<", "<=", "==", "!=")


def evaluate(rule: AlertRule, numbers: Numbers, now_ms: int) -> Observation:
    """What the rule finds now. An unreadable or unknown subject is the verdict `error`.

    Raises:
        NotYetKnown: a number that is being looked up; no other exception.
    """
    try:
        if isinstance(rule.comparison, Absence):
            return _judge_absence(rule, rule.comparison, numbers, now_ms)
        return _judge(rule, _find(rule, numbers, now_ms))
    except _NoData as nothing:
        return Observation(Verdict.NO_DATA, None, str(nothing))
    except NotYetKnown:
        raise
    except ReadingUnavailable as failure:
        return Observation(Verdict.ERROR, None, f"cannot be read: {failure}")
    except LookupError as failure:
        return Observation(Verdict.ERROR, None, str(failure))


def in_words(number: float) -> str:
    """A number as people read it: at most 4 digits behind the point, no exponent below a million millions."""
    return f"{round(number, 4):.12g}" if abs(number) >= 1 else f"{number:.4g}"


def _judge(rule: AlertRule, found: _Found) -> Observation:
    if not math.isfinite(found.compared):
        raise _NoData(f"{found.words} is no finite number")
    holds = _COMPARISONS[rule.operator](found.compared, rule.threshold)
    unit = " %" if isinstance(rule.comparison, Change) and rule.comparison.unit == "percent" else ""
    limit = f"{rule.operator} {in_words(rule.threshold)}{unit}"
    words = f"{found.words} {limit}" if holds else f"{found.words}, not {limit}"
    return Observation(_verdict(holds), found.value, words, found.compared, found.comparison)


def _verdict(is_breached: bool) -> Verdict:
    return Verdict.BREACHED if is_breached else Verdict.CLEAR


def _find(rule: AlertRule, numbers: Numbers, now_ms: int) -> _Found:
    match rule.comparison:
        case Change() as change:
            return _find_change(rule, change, numbers, now_ms)
        case Anomaly() as anomaly:
            return _find_anomaly(rule, anomaly, numbers, now_ms)
    points = numbers.series(rule.subject, rule.bucket, 1, now_ms)
    value = _usable(points[-1], rule, f"the {rule.bucket} bucket")
    return _Found(value, value, in_words(value), {"kind": "threshold"})


def _find_change(rule: AlertRule, change: Change, numbers: Numbers, now_ms: int) -> _Found:
    """The change in per cent is that of the baseline's size: −20 → −30 is a drop by 50 %."""
    count = 2 if change.against == "previous" else _DAYS_TO_LAST_WEEK
    points = numbers.series(rule.subject, rule.bucket, count, now_ms)
    value = _usable(points[-1], rule, f"the {rule.bucket} bucket")
    before = _baseline(points, change)
    baseline = _usable(before, rule, f"the bucket of {before.first} that it is compared with")
    difference = value - baseline
    if change.unit == "percent" and baseline == 0:
        raise _NoData(f"the bucket of {before.first} was 0: no change in per cent of that")
    moved = difference / abs(baseline) * 100 if change.unit == "percent" else difference
    unit = " %" if change.unit == "percent" else ""
    words = f"{in_words(value)} after {in_words(baseline)} on {before.first}: {in_words(moved)}{unit}"
    told = {"kind": "change", "against": change.against, "unit": change.unit, "baseline": baseline, "change": moved}
    return _Found(value, moved, words, told)


def _baseline(points: Sequence[Point], change: Change) -> Point:
    if change.against == "previous":
        return points[-2]
    day = points[-1].first - _WEEK
    for each in points:
        if each.first == day:
            return each
    raise _NoData(f"no bucket begins on {day}")


def _find_anomaly(rule: AlertRule, anomaly: Anomaly, numbers: Numbers, now_ms: int) -> _Found:
    *before, judged = numbers.series(rule.subject, rule.bucket, anomaly.buckets + 1, now_ms)
    value = _usable(judged, rule, f"the {rule.bucket} bucket")
    history = [each.value for each in before if _is_usual(each, judged, rule, anomaly) and each.value is not None]
    if len(history) < FEWEST_POINTS:
        raise _NoData(f"{len(history)} buckets to compare with, fewer than {FEWEST_POINTS}")
    score = robust_z(value, history)
    if score is None:
        raise _NoData(f"all of {len(history)} buckets before were {in_words(history[0])}: no spread to measure by")
    words = f"{in_words(value)} where {in_words(score.middle)} is usual: z-score {in_words(score.z)}"
    told = {"kind": "anomaly", "baseline": score.middle, "spread": score.spread, "z": score.z, "points": len(history)}
    return _Found(value, score.z, words, told)


def _is_usual(each: Point, judged: Point, rule: AlertRule, anomaly: Anomaly) -> bool:
    """Whether a bucket is part of the history: of the same weekday if that is the season, with enough samples."""
    if each.value is None or not math.isfinite(each.value) or (each.samples or 0) < rule.min_samples:
        return False
    return not anomaly.is_weekly or each.first.weekday() == judged.first.weekday()


def _usable(point: Point, rule: AlertRule, where: str) -> float:
    """The value of a bucket that rests on enough samples."""
    if point.value is None or math.isnan(point.value):
        raise _NoData(f"no value for {where}")
    if math.isinf(point.value):
        raise _NoData(f"the value of {where} is no finite number")
    _demand_samples(point, rule, where)
    return point.value


def _demand_samples(point: Point, rule: AlertRule, where: str) -> None:
    if rule.min_samples <= 0:
        return
    if point.samples is None:
        raise _NoData(f"nobody can say how many samples {where} rests on")
    if point.samples < rule.min_samples:
        raise _NoData(f"{in_words(point.samples)} samples in {where}, fewer than {in_words(rule.min_samples)}")


def _judge_absence(rule: AlertRule, absence: Absence, numbers: Numbers, now_ms: int) -> Observation:
    """The value is the seconds since the latest message; `min_samples` are of the last whole bucket."""
    if rule.min_samples > 0:
        usual = numbers.series(rule.subject, "complete", 1, now_ms)[-1]
        _demand_samples(usual, rule, "the complete bucket")
    seen_ms = numbers.last_seen_ms(rule.subject, now_ms)
    if seen_ms is None:
        raise _NoData("never seen")
    seconds = max(0.0, (now_ms - seen_ms) / 1000)
    holds = seconds >= absence.seconds
    limit = f"{'at least' if holds else 'less than'} {format_duration(absence.seconds)}"
    words = f"{in_words(round(seconds, 1))} s since the last one, {limit}"
    told = {"kind": "absence", "last_seen_at": instant(seen_ms), "seconds": seconds}
    return Observation(_verdict(holds), seconds, words, seconds, told)
