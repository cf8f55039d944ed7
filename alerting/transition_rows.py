"""Transitions as rows of the warehouse's `alert_log`, and what such a row says to the file and to receivers.

Does not write them: see `AlertStore` (kept with the change they tell of) and `Alerter` (handed on). Whoever takes over
from another alerter has nothing but these rows, so they say all that a state and its news need.
"""

from collections.abc import Mapping
from typing import Any

from alerting import payload
from alerting.notices import Kind, News
from alerting.rule_states import Stored
from alerting.states import Message, RuleState, State, Transition

_KINDS: Mapping[Message, Kind] = {Message.FIRING: "firing", Message.RESOLVED: "resolved"}


def transition_row(
    facts: Mapping[str, Any], transition: Transition, comparison: Mapping[str, Any] | None, now_ms: int
) -> dict[str, Any]:
    """A change of state with its cause (`detail`). `message` is the `webhook-id` that it owes, empty if nobody is told.

    `facts` of the rule (`alerting.payload`). Rules of two groups may share a name; `rule_group` tells them apart.
    """
    owed = transition.message
    return {
        "at_ms": now_ms,
        "kind": "transition",
        "alert_id": transition.alert_id,
        "alert": facts["alert"],
        "rule_group": facts["group"],
        "metric": facts["metric"],
        "bucket": facts["bucket"],
        "value": transition.after.value,
        "condition": facts["condition"],
        "severity": facts["severity"],
        "owner": facts["owner"],
        "receiver": ", ".join(facts["receivers"]),
        "from_state": transition.before,
        "to_state": transition.after.state,
        "message": "" if owed is None else payload.message_id(transition.alert_id, owed),
        "detail": transition.cause,
        "started_ms": transition.started_ms,
        "start_value": transition.start_value,
        "order": transition.after.order,
        "comparison": comparison,
        "labels": facts["labels"],
        "annotations": facts["annotations"],
        "receivers": facts["receivers"],
    }


def key_of(row: Mapping[str, Any]) -> str:
    """The key of the rule."""
    return f"{row['rule_group']}/{row['alert']}"


def stored_of(row: Mapping[str, Any]) -> Stored:
    """The state that the transition led to, with what is told of its rule."""
    return Stored(_transition_of(row).after, _facts_of(row))


def news_of(row: Mapping[str, Any], public_url: str) -> News | None:
    """What the transition owes to receivers; None: nobody is told."""
    transition = _transition_of(row)
    if transition.message is None:
        return None
    facts = _facts_of(row)
    told = payload.told(facts, transition, row["at_ms"], public_url) | {"comparison": row.get("comparison")}
    kind = _KINDS[transition.message]
    return News(kind, transition.alert_id, key_of(row), tuple(facts["receivers"]), told, row["at_ms"])


def _transition_of(row: Mapping[str, Any]) -> Transition:
    """Rows of the first release do not say when their incident began: as if it had begun with them."""
    before, state, at_ms = State(row["from_state"]), State(row["to_state"]), int(row["at_ms"])
    alert_id, cause, value = row["alert_id"], row["detail"], row["value"]
    started_ms = row.get("started_ms", at_ms) if alert_id else None
    start_value, order = row.get("start_value"), int(row.get("order", at_ms))
    if state is State.INACTIVE:
        after = RuleState(state, at_ms, value, cause=cause, order=order)
    else:
        after = RuleState(state, at_ms, value, alert_id, started_ms, start_value, cause, order)
    return Transition(before, after, cause, alert_id, started_ms, start_value, _message_of(row))


def _message_of(row: Mapping[str, Any]) -> Message | None:
    """What the row says it owes."""
    owed = (each for each in Message if row["message"] == payload.message_id(row["alert_id"], each))
    return next(owed, None) if row["message"] else None


def _facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """As `payload.facts` says it of a rule."""
    receivers = row.get("receivers")
    if receivers is None:
        receivers = [each for each in row["receiver"].split(", ") if each]
    return {
        "alert": row["alert"],
        "group": row["rule_group"],
        **{name: row[name] for name in ("metric", "bucket", "condition", "severity", "owner")},
        "labels": row.get("labels", {}),
        "annotations": row.get("annotations", {}),
        "receivers": list(receivers),
    }
