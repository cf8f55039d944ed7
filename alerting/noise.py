"""How much people hear of each rule: what is held from whom, who has its incident in hand, and its noise budget.

Does not decide: it reads back what was decided. Time is an argument.
"""

from collections import defaultdict
from typing import Any

from alerting import payload
from alerting.manners import silences
from alerting.notices import Acknowledged
from alerting.store import AlertStore
from schemas.alerts import AlertDefinitions, AlertRule

BUDGET_DAYS = 30
_DAY_MS = 86_400_000


def noise(store: AlertStore, definitions: AlertDefinitions, now_ms: int) -> dict[str, dict[str, Any]]:
    """By rule key, what `/api/alerts` shows of it beside its state; from any thread.

    `held`: by receiver, why it does not hear of the rule now. `silenced_until`: the last of the silences that hold now.
    `incidents_30d`: those that began in the last 30 days.
    """
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for notice in store.notices.open():
        if notice.held is not None:
            held[notice.rule][notice.receiver] = notice.held.reason.value
    incidents = store.notices.incidents_since(now_ms - BUDGET_DAYS * _DAY_MS)
    acknowledged = store.notices.acknowledged()
    return {
        rule.key: {
            "held": held.get(rule.key, {}),
            "silenced_until": _silenced_until(store, rule, now_ms),
            "acknowledged": _shown(acknowledged.get(rule.key)),
            "incidents_30d": incidents.get(rule.key, 0),
            "noise_budget": rule.noise_budget,
            "over_budget": incidents.get(rule.key, 0) > rule.noise_budget,
        }
        for rule in definitions.rules
    }


def _silenced_until(store: AlertStore, rule: AlertRule, now_ms: int) -> str | None:
    facts = payload.facts(rule)
    ends = [each.ends_ms for each in store.controls.silences() if silences(each, facts, now_ms)]
    return payload.instant(max(ends)) if ends else None


def _shown(acknowledged: Acknowledged | None) -> dict[str, Any] | None:
    if acknowledged is None:
        return None
    return {"by": acknowledged.by, "at": payload.instant(acknowledged.at_ms), "note": acknowledged.note}
