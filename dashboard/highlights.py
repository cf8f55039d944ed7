"""What performed and what needs attention on a board, from the cards that it shows.

Does not look at anything that is not on the board.
"""

from collections.abc import Iterator, Sequence
from typing import Any

SHOWN = 5
_WORST_FIRST = {"red": 0, "orange": 1}


def highlights_of(cards: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """`performed`: green, the largest change for the better first. `attention`: red before orange, worst change first.

    Each metric once, at most five of each.
    """
    metrics = {card["metric"]: card for card in _metrics(cards)}.values()
    performed = [card for card in metrics if card["status"] == "green" and _gain(card) > 0]
    attention = [card for card in metrics if card["status"] in _WORST_FIRST]
    performed.sort(key=lambda card: -_gain(card))
    attention.sort(key=lambda card: (_WORST_FIRST[card["status"]], _gain(card)))
    return {"performed": list(map(_entry, performed[:SHOWN])), "attention": list(map(_entry, attention[:SHOWN]))}


def _metrics(cards: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Cards of one metric, and the rows of tables, which are cards too."""
    for card in cards:
        if card["kind"] in ("table", "stages"):
            yield from (row for row in card.get("rows", ()) if "status" in row)
        elif "status" in card:
            yield card


def _gain(card: dict[str, Any]) -> float:
    """The change, positive for the better; 0 where it is unknown."""
    change = card["change"] or 0.0
    return float(-change if card["direction"] == "down" else change)


def _entry(card: dict[str, Any]) -> dict[str, Any]:
    names = ("metric", "label", "unit", "decimals", "owner", "decision", "value", "change", "change_unit", "status")
    return {name: card[name] for name in names}
