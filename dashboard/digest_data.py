"""A digest as JSON data: for programs that read it, and for the webhook `digest.weekly`.

Does not word anything.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.digest import Digest, Kpi, Move
from dashboard.note_answers import shown_note
from dashboard.points import number
from dashboard.texts import said_in
from dashboard.weeks import written_week
from schemas.definitions import Language


def digest_data(digest: Digest, language: Language) -> Mapping[str, Any]:
    """Numbers as numbers, days as days; `gaps` and `moved` name metrics, whose values stand in `kpis` or `gaps`."""
    return {
        "week": written_week(digest.monday),
        "from": digest.monday,
        "to": digest.last,
        "running": digest.is_running,
        "settled": digest.is_settled,
        "kpis": [_kpi(kpi, language) for kpi in digest.kpis],
        "gaps": [_kpi(kpi, language) for kpi in digest.gaps],
        "moved": [_move(move) for move in digest.moves],
        "earlier_decisions": [shown_note(note) for note in digest.earlier_decisions],
        "earlier_actions": [shown_note(note) for note in digest.earlier_actions],
        "decisions": [shown_note(note) for note in digest.decisions],
        "actions": [shown_note(note) for note in digest.actions],
        "not_computable": digest.not_computable,
    }


def _kpi(kpi: Kpi, language: Language) -> Mapping[str, Any]:
    metric, target = kpi.metric, kpi.metric.target
    return {
        "metric": metric.id,
        "label": said_in(metric.label, language),
        "unit": metric.unit,
        "owner": metric.owner,
        "direction": metric.direction,
        "decision": said_in({"en": "", **metric.decision}, language),
        "from": kpi.first,
        "to": kpi.last,
        "value": number(kpi.value),
        "previous": number(kpi.previous),
        "status": kpi.colour,
        "maturing": kpi.is_maturing,
        "target": number(target.value) if kpi.is_against_target else None,
        "target_condition": target.condition,
        "target_met": target.is_met,
        "target_by": target.by,
    }


def _move(move: Move) -> Mapping[str, Any]:
    reasons = [
        {
            "dimension": reason.dimension,
            "name": reason.share.name,
            "part": reason.share.part,
            "share": number(reason.share.share),
            "suspect": reason.share.suspect,
        }
        for reason in move.reasons
    ]
    return {"metric": move.kpi.metric.id, "reasons": reasons}
