"""A board as a picture: an SVG with a card for each key figure, drawn without a browser, always light.

Does not read numbers: it draws the answer of `board_data`. Every text is escaped.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

from dashboard.written_numbers import Spelling
from schemas.catalogue import MetricDefinition

WIDTH = 1200
MOST_CARDS = 24
_MARGIN, _GAP, _COLUMNS, _CARD_HEIGHT, _HEAD = 32, 16, 4, 148, 96
_CARD_WIDTH = (WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
_SPARK_WIDTH, _SPARK_HEIGHT = 84, 30
_LONGEST_LABEL, _LONGEST_VALUE = 31, 9

_GROUND, _CARD, _LINE, _INK, _SOFT, _ACCENT = "#f4f5f1", "#ffffff", "#e1e5df", "#13211d", "#586760", "#0b6b61"
_COLOURS = {"green": "#18774a", "orange": "#9a6206", "red": "#b3392b"}
_SHAPES = {
    "green": "M5 0A5 5 0 1 1 5 10A5 5 0 1 1 5 0Z",
    "orange": "M5 -1L11 5L5 11L-1 5Z",
    "red": "M-1 0L11 0L5 10Z",
}
_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def draw_board(board: Mapping[str, Any], metrics: Mapping[str, MetricDefinition], spelling: Spelling) -> str:
    """The picture of a board's answer; numbers as `spelling` writes them."""
    cards = _figures(board)[:MOST_CARDS]
    rows = max(1, -(-len(cards) // _COLUMNS))
    height = _HEAD + _MARGIN + rows * (_CARD_HEIGHT + _GAP)
    drawn = [_card(card, metrics[card["metric"]], spelling, *_place(index)) for index, card in enumerate(cards)]
    if not cards:
        drawn = [_text(_MARGIN, _HEAD + 40, spelling.texts["card_empty"], 16, _SOFT)]
    title = escape(board["label"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="{escape(_FONT)}" role="img" aria-label="{title}"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="{_GROUND}"/>{_head(board, spelling)}{"".join(drawn)}</svg>'
    )


def _figures(board: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Key figures in the board's order, each metric once; rows of tables too."""
    cards = [card for section in board["sections"] for card in section["cards"]]
    figures = [row for card in cards for row in ([card] if "metric" in card else card.get("rows", []))]
    known = {card["metric"]: card for card in reversed(figures) if "metric" in card and "unit" in card}
    return [known[name] for name in dict.fromkeys(card.get("metric") for card in figures) if name in known]


def _place(index: int) -> tuple[int, int]:
    row, column = divmod(index, _COLUMNS)
    return _MARGIN + column * (_CARD_WIDTH + _GAP), _HEAD + row * (_CARD_HEIGHT + _GAP)


def _head(board: Mapping[str, Any], spelling: Spelling) -> str:
    period, texts = board["period"], spelling.texts
    facts = [
        spelling.days(_day(period["from"]), _day(period["to"])),
        f"{texts['compared_with']} {spelling.days(*(_day(period['previous'][end]) for end in ('from', 'to')))}",
        f"{texts['owner']} {board['owner']}",
    ]
    return _text(_MARGIN, 50, board["label"], 26, _INK, 650) + _text(_MARGIN, 76, " · ".join(facts), 14, _SOFT)


def _card(card: Mapping[str, Any], metric: MetricDefinition, spelling: Spelling, x: int, y: int) -> str:
    texts, status = spelling.texts, card["status"]
    value, before = _decimal(card["value"]), _decimal(card["previous"])
    written = spelling.value(metric, value)
    colour = _COLOURS.get(status, _LINE)
    parts = [
        f'<rect width="{_CARD_WIDTH}" height="{_CARD_HEIGHT}" rx="14" fill="{_CARD}" stroke="{_LINE}"/>',
        f'<rect y="14" width="3" height="{_CARD_HEIGHT - 28}" fill="{colour}"/>',
        _text(18, 30, _cut(card["label"], _LONGEST_LABEL), 14, _SOFT, 560),
        _text(18, 68, written, 30 if len(written) <= _LONGEST_VALUE else 22, _INK, 650),
        _change(metric, value, before, spelling),
        _status(status, texts),
        _text(18, 136, f"{texts['owner']} {card['owner']}", 12, _SOFT) if card["owner"] else "",
        _spark(card.get("trend") or []),
    ]
    return f'<g transform="translate({x} {y})">{"".join(parts)}</g>'


def _change(metric: MetricDefinition, value: Decimal | None, before: Decimal | None, spelling: Spelling) -> str:
    """Arrow, change and word, as on the page; a colour says nothing that the word does not."""
    text = spelling.change(metric, value, before)
    if not text or value is None or before is None:
        return _text(18, 92, spelling.texts["no_comparison"], 13, _SOFT)
    is_up = value > before
    is_same = not any(digit in text for digit in "123456789")
    verdict = "same" if is_same else "better" if is_up == (metric.direction == "up") else "worse"
    arrow = "■" if verdict == "same" else "▲" if is_up else "▼"
    colour = {"better": _COLOURS["green"], "worse": _COLOURS["red"]}.get(verdict, _INK)
    return _text(18, 92, f"{arrow} {text} {spelling.texts[f'verdict_{verdict}']}", 13, colour, 620)


def _status(status: str, texts: Mapping[str, str]) -> str:
    if status not in _SHAPES:
        return ""
    mark = f'<path transform="translate(19 105)" d="{_SHAPES[status]}" fill="{_COLOURS[status]}"/>'
    return mark + _text(38, 115, texts[f"status_{status}"], 12, _COLOURS[status], 620)


def _spark(trend: Sequence[Mapping[str, Any]]) -> str:
    known = [(index, float(point["value"])) for index, point in enumerate(trend) if point["value"] is not None]
    if len(known) < 2:
        return ""
    values = [value for _, value in known]
    low, span = min(values), (max(values) - min(values)) or 1.0
    points = " ".join(
        f"{index / (len(trend) - 1) * _SPARK_WIDTH:.1f},{_SPARK_HEIGHT * (1 - (value - low) / span):.1f}"
        for index, value in known
    )
    x = _CARD_WIDTH - _SPARK_WIDTH - 16
    return (
        f'<polyline transform="translate({x} 44)" points="{points}" fill="none" stroke="{_ACCENT}" stroke-width="1.75" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _text(x: int, y: int, text: str, size: int, colour: str, weight: int = 450) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(text)}</text>'


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _day(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
