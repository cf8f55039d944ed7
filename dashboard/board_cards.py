"""The cards of a board, each kind in its own shape.

Does not lay out the board: see `board_data`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dashboard.asking import ApiContext
from dashboard.cards import CardSource, read_card, read_segment_rows, read_trend, window_of
from dashboard.changes import change_unit
from dashboard.funnels import FunnelAsked, funnel_answer
from dashboard.note_answers import shown_note
from dashboard.periods import Days, Grain
from dashboard.questions import Segments, compared
from dashboard.retention import last_cohorts, retention_answer
from dashboard.texts import said_in
from dashboard.tree import read_tree
from schemas.catalogue import BoardDefinition, Card, CardKind
from schemas.measuring import CohortQuestion, NotComputable, UnknownDimension
from schemas.notes import NotesQuestion

CRITICAL_ALERTS = 3
NOTES_SHOWN = 50
_SEVERITIES = ("critical", "warning", "info")
_PERSON_COHORTS = 12
_CUSTOMER_COHORTS = 12


@dataclass(frozen=True, slots=True)
class BoardSource:
    """What the cards of one board are made from, for one request."""

    context: ApiContext
    cards: CardSource
    board: BoardDefinition
    days: Days
    grain: Grain


def build_card(source: BoardSource, card: Card) -> dict[str, Any]:
    """A card as its kind shows it; what cannot be computed says so in `error`, the rest of the board stands."""
    shown: dict[str, Any] = {"kind": card.kind}
    try:
        return shown | _BUILDERS[card.kind](source, card)
    except (KeyError, NotComputable, UnknownDimension) as problem:
        return shown | {"label": _label(source, card), "error": str(problem)}


def _number(source: BoardSource, card: Card) -> dict[str, Any]:
    shown = read_card(source.cards, card.metrics[0], source.days, card.label or None)
    return shown | {"trend": read_trend(source.cards, card.metrics[0], _trend_days(source, shown), source.grain)}


def _line(source: BoardSource, card: Card) -> dict[str, Any]:
    """With the period before, to be drawn behind."""
    shown = _number(source, card)
    previous = compared(_trend_days(source, shown)).previous
    return shown | {"previous_trend": read_trend(source.cards, card.metrics[0], previous, source.grain)}


def _trend_days(source: BoardSource, shown: dict[str, Any]) -> Days:
    """The period; of a rate of cohorts the days of its value, which are those of mature cohorts."""
    days = Days(shown["from"], shown["to"]) if "from" in shown else source.days
    return days if len(days) == len(source.days) else source.days


def _split(source: BoardSource, card: Card) -> dict[str, Any]:
    """A metric that cannot be split so is still shown, and says why it has no rows."""
    split = card.split or "channel"
    shown = read_card(source.cards, card.metrics[0], source.days, card.label or None)
    rows: list[dict[str, Any]] = []
    try:
        rows = read_segment_rows(source.cards, card.metrics[0], source.days, split)
    except (KeyError, NotComputable, UnknownDimension) as problem:
        shown["error"] = shown["error"] or str(problem)
    return shown | {"split": split, "rows": rows}


def _table(source: BoardSource, card: Card) -> dict[str, Any]:
    """A pivot when it splits: every row has the values of its segments."""
    rows = [read_card(source.cards, metric, source.days) for metric in card.metrics]
    if card.split:
        for row in rows:
            row["segments"] = _row_segments(source, row["metric"], card.split)
    return {"label": _label(source, card), "split": card.split or None, "rows": rows, "error": None}


def _row_segments(source: BoardSource, metric: str, split: str) -> list[dict[str, Any]]:
    """A metric that cannot be split so has none; the other rows of the pivot have theirs."""
    try:
        return read_segment_rows(source.cards, metric, source.days, split)
    except (KeyError, NotComputable, UnknownDimension):
        return []


def _stages(source: BoardSource, card: Card) -> dict[str, Any]:
    """Rows with a trend: goal, current, previous, trend, in the order of the stages."""
    plain = _table(source, card)
    for row in plain["rows"]:
        row["trend"] = read_trend(source.cards, row["metric"], _trend_days(source, row), source.grain)
    return plain


def _funnel(source: BoardSource, card: Card) -> dict[str, Any]:
    """As the funnel's own route, and the steps of the period before."""
    definition = next(found for found in source.context.workspace.stream.funnels if found.id == card.funnel)
    segments = Segments(source.cards.filters, card.split)
    days, before = source.days, compared(source.days).previous
    data = funnel_answer(source.context, FunnelAsked(definition, days, segments), source.cards.today)
    past = FunnelAsked(definition, before, Segments(source.cards.filters))
    previous = funnel_answer(source.context, past, source.cards.today)
    label = card.label or definition.label
    steps = [said_in(step.label, source.cards.language) for step in definition.steps]
    return {
        "label": said_in(label, source.cards.language),
        "funnel": card.funnel,
        "step_labels": steps,
        "data": data,
        "previous": previous["steps"],
        "error": None,
    }


def _cohorts(source: BoardSource, card: Card) -> dict[str, Any]:
    """People by week, customers by month: the last twelve cohorts."""
    is_person = card.subject != "customer"
    period: Grain = "week" if is_person else "month"
    count = _PERSON_COHORTS if is_person else _CUSTOMER_COHORTS
    days = last_cohorts(source.days.last, period, count)
    question = CohortQuestion(
        days.first,
        days.last,
        period,
        count,
        subject="person" if is_person else "customer",
        filters=source.cards.filters,
    )
    return {
        "label": _label(source, card),
        "subject": question.subject,
        "data": retention_answer(source.context.measures, question),
        "error": None,
    }


def _tree(source: BoardSource, card: Card) -> dict[str, Any]:
    tree = source.context.measures.catalogue().tree
    root = read_tree(source.cards, tree, source.days)
    return {"label": _label(source, card), "data": {"root": root}, "error": None}


def _alerts(source: BoardSource, card: Card) -> dict[str, Any]:
    """What fires, the most severe and oldest first; the three most critical on an exec board."""
    firing = [dict(alert) for alert in source.context.alerts() if alert.get("state") in ("firing", "recovering")]
    firing.sort(key=lambda alert: (_severity(alert), str(alert.get("started_at"))))
    limit = CRITICAL_ALERTS if source.board.kind == "exec" else len(firing)
    return {"label": _label(source, card), "data": {"alerts": firing[:limit], "firing": len(firing)}, "error": None}


def _severity(alert: Mapping[str, Any]) -> int:
    severity = alert.get("severity")
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _written(source: BoardSource, card: Card) -> dict[str, Any]:
    """What was decided in the weeks of the period, and what is still to be done, whenever it was noted."""
    notes, days = source.context.notes, source.days
    if notes is None:
        return {"label": _label(source, card), "data": None, "error": None}
    decided = notes.decisions(NotesQuestion(first=days.first - timedelta(days=6), last=days.last, limit=NOTES_SHOWN))
    planned = notes.actions(NotesQuestion(status="open", limit=NOTES_SHOWN))
    data = {
        "decisions": [shown_note(decision) for decision in decided],
        "actions": [shown_note(action) for action in planned],
    }
    return {"label": _label(source, card), "data": data, "error": None}


def _notes(source: BoardSource, card: Card) -> dict[str, Any]:
    """Notes on method: what each number of the board means, and in which time zone and currency."""
    cards = source.cards
    return {
        "label": _label(source, card),
        "data": {
            "timezone": source.context.workspace.stream.timezone,
            "currency": source.context.workspace.currency,
            "definitions": [_note(source, name) for name in metrics_of(source.board) if name in cards.metrics],
        },
        "error": None,
    }


def _note(source: BoardSource, name: str) -> dict[str, Any]:
    metric = source.cards.metrics[name]
    window = window_of(metric, source.cards.metrics, source.days)
    return {
        "metric": metric.id,
        "label": said_in(metric.label, source.cards.language),
        "definition": said_in(metric.definition, source.cards.language),
        "definition_version": metric.version,
        "formula": metric.formula,
        "change_unit": change_unit(metric.unit),
        "days": len(window),
    }


def _label(source: BoardSource, card: Card) -> str:
    return said_in(card.label, source.cards.language) if card.label else ""


_BUILDERS: Mapping[CardKind, Callable[[BoardSource, Card], dict[str, Any]]] = {
    "number": _number,
    "line": _line,
    "bars": _split,
    "segments": _split,
    "table": _table,
    "stages": _stages,
    "funnel": _funnel,
    "cohorts": _cohorts,
    "tree": _tree,
    "alerts": _alerts,
    "decisions": _written,
    "notes": _notes,
}


def metrics_of(board: BoardDefinition) -> Sequence[str]:
    """Every metric that a board shows, once, in its order."""
    return tuple(dict.fromkeys(metric for part in board.sections for card in part.cards for metric in card.metrics))
