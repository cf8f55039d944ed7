"""A backtest as a picture: what the rule looked at, its threshold, and its incidents as bands; always light, no script.

Does not judge. Every text is escaped.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dashboard.backtest_words import WORDS, Words, limit_in_words, summary
from dashboard.written_numbers import Spelling
from schemas.backtests import Backtest, Mark

WIDTH, HEIGHT = 1200, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 32, 132, 400
_GROUND, _CARD, _LINE, _INK, _SOFT, _ACCENT, _BAD = (
    "#f4f5f1",
    "#ffffff",
    "#e1e5df",
    "#13211d",
    "#586760",
    "#0b6b61",
    "#b3392b",
)
_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
_HOUR = 3_600.0
_DAYS_SHOWN = 6
_LONGEST_TITLE = 90


class _Frame(NamedTuple):
    """Where moments and numbers lie."""

    from_ms: int
    to_ms: int
    low: float
    high: float

    def x(self, at_ms: int) -> float:
        within = min(max(at_ms, self.from_ms), self.to_ms)
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (within - self.from_ms) / max(1, self.to_ms - self.from_ms)

    def y(self, value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - self.low) / (self.high - self.low)


def draw_backtest(found: Backtest, spelling: Spelling) -> str:
    """The picture, with its summary as text for those who do not see it."""
    words = WORDS[spelling.language]
    title = _cut(f"{found.rule.rpartition('/')[2]} – {found.subject} {found.condition}")
    first, last = (_day(at_ms, found.timezone) for at_ms in (found.from_ms, found.to_ms))
    days = spelling.days(first, last)
    facts = " · ".join(summary(found, spelling))
    scale = _HOUR if found.steps == "silence" else 1.0
    marks = [Mark(mark.at_ms, None if mark.compared is None else mark.compared / scale) for mark in found.series]
    frame = _frame(found, marks, found.threshold / scale)
    unit = words["silence"] if found.steps == "silence" else ""
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_GROUND}"/>',
        _text(32, 46, title, 24, _INK, 650),
        _text(32, 72, f"{words['judged'].format(days=days)} ({found.timezone})", 14, _SOFT),
        _text(32, 98, facts, 14, _BAD if found.is_over_budget else _INK, 560),
        _card(),
        *(_band(frame, each.started_ms, each.ended_ms or found.to_ms) for each in found.incidents),
        *_scale(frame, spelling, unit),
        *_dates(frame, found, spelling),
        _series(frame, marks, found.to_ms),
        _threshold(frame, found.threshold / scale, found.condition),
        _tried(found, words),
        *(
            _text(32, 470 + 17 * number, limit_in_words(limit, spelling.language), 12, _SOFT)
            for number, limit in enumerate(found.limits[:3])
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="{escape(_FONT)}" role="img" aria-labelledby="title about">'
        f'<title id="title">{escape(title)}</title>'
        f'<desc id="about">{escape(f"{days}. {facts}.")}</desc>{"".join(parts)}</svg>'
    )


def _frame(found: Backtest, marks: Sequence[Mark], threshold: float) -> _Frame:
    """All values and the threshold are in it, and 0 unless everything is far from it."""
    values = [mark.compared for mark in marks if mark.compared is not None] + [threshold]
    low, high = min(values), max(values)
    if low > 0 and low < 0.7 * high:
        low = 0.0
    if high < 0 and high > 0.7 * low:
        high = 0.0
    air = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return _Frame(found.from_ms, found.to_ms, low if low == 0 else low - air, high if high == 0 else high + air)


def _card() -> str:
    return (
        f'<rect x="16" y="{_TOP - 18}" width="{WIDTH - 32}" height="{_BOTTOM - _TOP + 48}" rx="14" fill="{_CARD}" '
        f'stroke="{_LINE}"/>'
    )


def _band(frame: _Frame, from_ms: int, to_ms: int) -> str:
    left, right = frame.x(from_ms), frame.x(to_ms)
    width = max(2.0, right - left)
    return (
        f'<rect class="incident" x="{left:.1f}" y="{_TOP}" width="{width:.1f}" height="{_BOTTOM - _TOP}" '
        f'fill="{_BAD}" fill-opacity="0.14"/>'
        f'<rect x="{left:.1f}" y="{_TOP}" width="{width:.1f}" height="4" fill="{_BAD}"/>'
    )


def _scale(frame: _Frame, spelling: Spelling, unit: str) -> list[str]:
    drawn = [_text(_LEFT - 52, _TOP - 4, unit, 12, _SOFT)] if unit else []
    for value in _round_numbers(frame.low, frame.high):
        y = frame.y(value)
        drawn.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>')
        drawn.append(_text(_LEFT - 10, y + 4, _number(value, spelling), 12, _SOFT, anchor="end"))
    return drawn


def _round_numbers(low: float, high: float) -> list[float]:
    """Three to six of them between two numbers."""
    rough = (high - low) / 4
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [step * number for number in range(ceil(low / step), floor(high / step) + 1)]


def _dates(frame: _Frame, found: Backtest, spelling: Spelling) -> list[str]:
    length = frame.to_ms - frame.from_ms
    moments = [frame.from_ms + length * number // _DAYS_SHOWN for number in range(_DAYS_SHOWN + 1)]
    days = {_day(at_ms, found.timezone): at_ms for at_ms in reversed(moments)}
    anchors = {frame.from_ms: "start", moments[-1]: "end"}
    return [
        _text(frame.x(at_ms), _BOTTOM + 20, spelling.day(day), 12, _SOFT, anchor=anchors.get(at_ms, "middle"))
        for day, at_ms in days.items()
    ]


def _series(frame: _Frame, marks: Sequence[Mark], to_ms: int) -> str:
    """Steps, as each value holds to the next look; broken where there is none."""
    path, is_drawing = [], False
    for mark, following in zip(marks, [*marks[1:], Mark(to_ms, None)], strict=True):
        if mark.compared is None:
            is_drawing = False
            continue
        y = frame.y(mark.compared)
        path.append(f"{'L' if is_drawing else 'M'}{frame.x(mark.at_ms):.1f} {y:.1f}H{frame.x(following.at_ms):.1f}")
        is_drawing = True
    return f'<path class="series" d="{"".join(path)}" fill="none" stroke="{_ACCENT}" stroke-width="1.75"/>'


def _threshold(frame: _Frame, value: float, condition: str) -> str:
    y = frame.y(value)
    return (
        f'<line class="threshold" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_BAD}" '
        f'stroke-width="1.5" stroke-dasharray="6 5"/>'
        + _text(WIDTH - _RIGHT - 6, y - 6, condition, 12, _BAD, 620, anchor="end")
    )


def _tried(found: Backtest, words: Words) -> str:
    if not found.suggestions:
        return ""
    made = (
        words["makes_one" if each.incidents == 1 else "makes"].format(condition=each.condition, n=each.incidents)
        for each in found.suggestions
    )
    return _text(32, 450, f"{words['tried']}: {' · '.join(made)}", 13, _INK)


def _number(value: float, spelling: Spelling) -> str:
    decimals = 0 if value == int(value) else min(4, max(1, 1 - floor(log10(abs(value)))))
    return spelling.number(Decimal(repr(value)), decimals)


def _text(x: float, y: float, text: str, size: int, colour: str, weight: int = 450, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1].rstrip() + "…"


def _day(at_ms: int, timezone: str) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(timezone)).date()
