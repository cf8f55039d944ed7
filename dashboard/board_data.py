"""A whole board as one answer: what it is for, which period it shows, its cards, how complete and how new it is.

Does not choose what stands on a board: its definition does.
"""

from dataclasses import dataclass
from typing import Any

from dashboard.asking import ApiContext
from dashboard.board_cards import BoardSource, build_card, metrics_of
from dashboard.cards import CardSource
from dashboard.experiment_answers import experiment_answer
from dashboard.highlights import highlights_of
from dashboard.moments import Today, instant
from dashboard.periods import Days, Grain
from dashboard.questions import Comparison, compared
from dashboard.texts import said_in
from dashboard.usual_sections import sections_of
from schemas.catalogue import BoardDefinition
from schemas.definitions import Language
from schemas.measuring import Segment


@dataclass(frozen=True, slots=True)
class BoardQuestion:
    """What of a board is asked for; `grain`: by which buckets trends go."""

    days: Days
    grain: Grain
    language: Language
    filters: tuple[Segment, ...] = ()


def card_source(context: ApiContext, today: Today, language: Language, filters: tuple[Segment, ...] = ()) -> CardSource:
    """What the cards of a request are made from. Blocks.

    Raises:
        ReadingUnavailable: the warehouse does not answer.
    """
    known = context.reports.data_days()
    since = known[0] if known else None
    return CardSource(context.measures, context.metrics(), today, since, language, filters)


def read_board(context: ApiContext, board: BoardDefinition, question: BoardQuestion, today: Today) -> dict[str, Any]:
    """The board as plain data, all of one moment. Blocks. Whoever asks has checked that there are such dimensions."""
    with context.measures.one_moment():
        return _board(context, board, question, today)


def _board(context: ApiContext, board: BoardDefinition, question: BoardQuestion, today: Today) -> dict[str, Any]:
    through_ms = context.reports.recent_completeness().complete_through_ms
    cards = card_source(context, today, question.language, question.filters)
    source = BoardSource(context, cards, board, question.days, question.grain)
    return {
        **board_entry(board, question.language),
        "period": period_answer(compared(question.days), question.grain),
        "filters": [{"dimension": part.dimension, "value": part.value} for part in question.filters],
        "timezone": context.workspace.stream.timezone,
        "currency": context.workspace.currency,
        "complete_through": instant(through_ms),
        "updated": instant(today.now_ms),
        "findings": list(context.measures.findings()),
        "sections": _sections(source),
        "experiment": None
        if board.experiment is None
        else experiment_answer(context.measures, board.experiment, question.days),
    }


def _sections(source: BoardSource) -> list[dict[str, Any]]:
    """Every section with its cards; beside the decisions stands what performed and what needs attention."""
    context, language = source.context, source.cards.language
    sections: list[dict[str, Any]] = [
        {
            "label": said_in(section.label, language) if section.label else "",
            "cards": [build_card(source, card) for card in section.cards],
        }
        for section in sections_of(source.board, context.measures.catalogue(), context.workspace)
    ]
    cards = [card for section in sections for card in section["cards"]]
    for card in cards:
        if card["kind"] == "decisions":
            card["data"] = {**(card.get("data") or {}), **highlights_of(cards)}
    return sections


def board_entry(board: BoardDefinition, language: Language) -> dict[str, Any]:
    """What a board is, without its numbers."""
    return {
        "board": board.id,
        "label": said_in(board.label, language),
        "kind": board.kind,
        "preset": board.preset or None,
        "branch": board.branch,
        "audience": said_in(board.audience, language) if board.audience else "",
        "cadence": board.cadence or None,
        "owner": board.owner,
        "period_days": board.period_days,
        "grain": board.grain,
        "refresh_seconds": board.refresh_seconds,
        "metrics": list(metrics_of(board)),
    }


def period_answer(periods: Comparison, grain: Grain) -> dict[str, Any]:
    return {
        **_days(periods.days),
        "grain": grain,
        "previous": _days(periods.previous),
        "last_year": _days(periods.last_year),
    }


def _days(days: Days) -> dict[str, Any]:
    return {"from": days.first, "to": days.last}
