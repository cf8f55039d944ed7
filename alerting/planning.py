"""One look at everything that receivers are owed: which messages go out now, what is held, what is dropped.

Pure: does not keep or send anything (`alerting.teller`), and time is an argument. The order of its questions:
a start whose incident ended unheard goes with its end; silences; quiet hours; the wait of the group; limits of the day.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerting import payload
from alerting.manners import (
    Context,
    Drop,
    Tally,
    is_dropped,
    is_muted,
    is_over_receiver_limit,
    is_over_rule_limit,
    rule_limit,
    value_of,
)
from alerting.notices import Hold, Notice, Reason, Told

_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Message:
    """A message for the outbox and the notices that it settles; a reminder settles none."""

    receiver: str
    webhook_id: str
    type: str
    data: Mapping[str, Any]
    notices: tuple[Notice, ...] = ()
    reminds_of: Told | None = None


@dataclass
class Plan:
    """What one look decided; each open notice is in exactly one of the three."""

    messages: list[Message] = field(default_factory=list)
    held: list[tuple[Notice, Hold]] = field(default_factory=list)
    dropped: list[tuple[Notice, Drop]] = field(default_factory=list)


def plan(notices: Sequence[Notice], tally: Tally, context: Context, now_ms: int) -> Plan:
    """Decide about every open notice; the most severe first, then the oldest, where a limit lets not all through."""
    decided = Plan()
    batches: dict[tuple[str, ...], list[Notice]] = defaultdict(list)
    unheard = _unheard(notices)
    for notice in sorted(notices, key=_urgency):
        verdict = _verdict(notice, unheard, context, now_ms)
        if isinstance(verdict, Drop):
            decided.dropped.append((notice, verdict))
        elif isinstance(verdict, Hold):
            decided.held.append((notice, verdict))
        else:
            batches[_batch(notice, context)].append(notice)
    for batch in batches.values():
        tally = _tell(batch, decided, tally, context, now_ms)
    return decided


def reminders(told: Iterable[Told], values: Mapping[str, float | None], context: Context, now_ms: int) -> list[Message]:
    """Those that are due of `told`: starts that were told, of incidents that are open and not acknowledged.

    One at a time, however long nobody could be reminded. `values`: what the incidents' rules see now, if known.
    """
    return [_reminder(each, values, context, now_ms) for each in told if _is_reminder_due(each, context, now_ms)]


def _reminder(told: Told, values: Mapping[str, float | None], context: Context, now_ms: int) -> Message:
    """Numbered by the time since the start, so that another alerter that goes on does not use a number again."""
    every_ms = context.manners(told.receiver).remind_every_seconds * 1000
    number = max(told.reminder + 1, int((now_ms - told.created_ms) / every_ms))
    data = {**told.told, "value": values.get(told.alert_id, told.told["value"]), "reminder": number}
    webhook_id = f"msg_{told.alert_id}_reminder_{number}"
    return Message(told.receiver, webhook_id, "alert.reminder", data, reminds_of=told)


def _unheard(notices: Sequence[Notice]) -> set[tuple[str, str]]:
    """Incidents, by receiver, of which neither the start nor the end was told."""
    starts = {(each.alert_id, each.receiver) for each in notices if each.kind == "firing" and not each.is_unsure}
    return starts & {(each.alert_id, each.receiver) for each in notices if each.kind == "resolved"}


def _verdict(notice: Notice, unheard: set[tuple[str, str]], context: Context, now_ms: int) -> Hold | Drop | None:
    if (notice.alert_id, notice.receiver) in unheard:
        return Drop(Reason.ENDED_UNHEARD)
    dropped = is_dropped(notice, context) if notice.kind == "firing" and not notice.is_unsure else None
    return dropped or is_muted(notice.told, notice.receiver, context, now_ms)


def _urgency(notice: Notice) -> tuple[int, int, str, str, str]:
    severity = notice.told["severity"]
    rank = _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
    return rank, notice.created_ms, notice.alert_id, notice.kind, notice.receiver


def _batch(notice: Notice, context: Context) -> tuple[str, ...]:
    """What goes out together: notices of a receiver with the same values, or just this one."""
    manners = context.manners(notice.receiver)
    if manners.group_wait_seconds <= 0:
        return (notice.receiver, notice.webhook_id)
    return (notice.receiver, *(value_of(notice.told, name) for name in manners.group_by))


def _tell(batch: Sequence[Notice], decided: Plan, tally: Tally, context: Context, now_ms: int) -> Tally:
    """Add a batch's message and what stays behind to the plan; the tally afterwards."""
    receiver = batch[0].receiver
    first_ms = min(each.created_ms for each in batch)
    due_ms = first_ms + int(context.manners(receiver).group_wait_seconds * 1000)
    # A clock that was set back says nothing of how long they have waited.
    if first_ms <= now_ms < due_ms:
        decided.held += [(each, Hold(Reason.GROUP_WAIT, due_ms)) for each in batch]
        return tally
    going: list[Notice] = []
    for each in batch:
        starts = [other for other in going if other.kind == "firing"]
        hold = _over_limit(each, starts, tally, context, now_ms) if each.kind == "firing" else None
        if hold is None:
            going.append(each)
        else:
            decided.held.append((each, hold))
    if not going:
        return tally
    after = tally.with_starts([each for each in going if each.kind == "firing"])
    decided.messages.append(_message(going, after, context, now_ms))
    return after


def _over_limit(start: Notice, before: Sequence[Notice], tally: Tally, context: Context, now_ms: int) -> Hold | None:
    """`before`: starts that go out in the same message."""
    full = is_over_receiver_limit(start.receiver, tally, context, now_ms)
    return full or is_over_rule_limit(start, tally.with_starts(before), context, now_ms)


def _message(going: Sequence[Notice], after: Tally, context: Context, now_ms: int) -> Message:
    """Of one notice what contracts §7 says; of several one `alert.group`."""
    receiver = going[0].receiver
    last = _last_of_receiver(going, after, context, now_ms)
    told = [(each, {**each.told, **_last_of_rule(each, after, context, now_ms)}) for each in going]
    if len(told) == 1:
        [(notice, data)] = told
        return Message(receiver, notice.webhook_id, notice.message_type, {**data, **last}, (notice,))
    group_by = {name: value_of(going[0].told, name) for name in context.manners(receiver).group_by}
    alerts = [{"type": notice.message_type, **data} for notice, data in told]
    data = {"group_by": group_by, "alerts": alerts, **last}
    return Message(receiver, _group_id(going), "alert.group", data, tuple(going))


def _group_id(notices: Sequence[Notice]) -> str:
    ids = "\n".join(sorted(each.webhook_id for each in notices))
    return f"msg_group_{hashlib.blake2b(ids.encode(), digest_size=12).hexdigest()}"


def _last_of_rule(notice: Notice, after: Tally, context: Context, now_ms: int) -> Mapping[str, Any]:
    """That no other start of the rule is told today, if this is so."""
    most = rule_limit(notice, context)
    if notice.kind != "firing" or not most or after.of_rule.get((notice.receiver, notice.rule), 0) < most:
        return {}
    return {"limit": payload.limit("rule", most, context.next_day(now_ms))}


def _last_of_receiver(going: Sequence[Notice], after: Tally, context: Context, now_ms: int) -> Mapping[str, Any]:
    """That no other start is told to the receiver today, if this is so."""
    receiver = going[0].receiver
    most = context.manners(receiver).at_most_per_day
    has_start = any(each.kind == "firing" for each in going)
    if not has_start or not most or after.to_receiver.get(receiver, 0) < most:
        return {}
    return {"limit": payload.limit("receiver", most, context.next_day(now_ms))}


def _is_reminder_due(told: Told, context: Context, now_ms: int) -> bool:
    every_ms = context.manners(told.receiver).remind_every_seconds * 1000
    rule = context.rules.get(told.rule)
    if not every_ms or rule is None or told.receiver not in rule.receivers:
        return False
    return now_ms - told.last_ms >= every_ms and is_muted(told.told, told.receiver, context, now_ms) is None
