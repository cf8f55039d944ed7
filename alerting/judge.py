"""Judges all rules in turn and records what changes: state, log row and what is owed in one commit.

Does not wait or deliver: see `alerting.alerter`. Time is an argument.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alerting import payload
from alerting.evaluate import evaluate, waits_for_handoffs
from alerting.log_rows import transition_row
from alerting.notices import Kind, News
from alerting.numbers import Numbers, Point
from alerting.rule_states import Stored
from alerting.states import Message, RuleState, State, Timing, Transition, advance, close
from alerting.store import AlertStore
from alerting.tracing import Causes
from schemas.alerts import AlertRule, Bucket, Subject

LONGEST_WAIT_FOR_HANDOFFS_MS = 5_000

_KINDS: Mapping[Message, Kind] = {Message.FIRING: "firing", Message.RESOLVED: "resolved"}


class Judge:
    """The states of all rules, kept in memory and, at each transition, in the store."""

    def __init__(
        self,
        rules: Sequence[AlertRule],
        store: AlertStore,
        numbers: Numbers,
        pending: Callable[[], bool],
        public_url: str,
        causes: Causes | None = None,
    ) -> None:
        self._rules = {rule.key: rule for rule in rules}
        self._store = store
        self._numbers = numbers
        self._pending = pending
        self._public_url = public_url
        self._causes = causes or Causes()
        self._pending_since_ms: int | None = None
        self._judged_ms: dict[str, int] = {}
        self._states = {key: stored.state for key, stored in store.rules.all().items() if key in self._rules}

    def retire_removed(self, now_ms: int) -> None:
        """End the incidents of rules that are no longer in the workspace, and forget their states."""
        for key, stored in self._store.rules.all().items():
            if key in self._rules:
                continue
            if stored.state.is_open:
                _, transition = close(stored.state, "the rule was removed", now_ms)
                self._record(stored.definition, key, transition, now_ms)
            self._store.rules.forget(key)

    def judge(self, now_ms: int, counters_changed: bool) -> None:
        """Look at every rule that is due; all are when counters changed, else those whose interval is over."""
        read = _ReadOnce(self._numbers)
        handoffs_pending = self._handoffs_pending(now_ms)
        for key, rule in self._rules.items():
            if not (counters_changed or self._is_due(key, rule, now_ms)):
                continue
            if handoffs_pending and waits_for_handoffs(rule):
                continue
            self._judged_ms[key] = now_ms
            self._judge_one(key, rule, read, now_ms)

    def report(self) -> list[dict[str, Any]]:
        """All rules with their states, for `/api/alerts`; rules not judged yet are inactive since None."""
        return [self._report_one(key, rule) for key, rule in self._rules.items()]

    def _is_due(self, key: str, rule: AlertRule, now_ms: int) -> bool:
        judged_ms = self._judged_ms.get(key)
        return judged_ms is None or not 0 <= now_ms - judged_ms < rule.interval_seconds * 1000

    def _handoffs_pending(self, now_ms: int) -> bool:
        """Hand-offs are pending, and have been for less than the longest wait."""
        if not self._pending():
            self._pending_since_ms = None
            return False
        if self._pending_since_ms is None:
            self._pending_since_ms = now_ms
        return now_ms - self._pending_since_ms < LONGEST_WAIT_FOR_HANDOFFS_MS

    def _judge_one(self, key: str, rule: AlertRule, numbers: Numbers, now_ms: int) -> None:
        current = self._states.get(key) or RuleState(State.INACTIVE, now_ms)
        timing = Timing(int(rule.for_seconds * 1000), int(rule.keep_firing_for_seconds * 1000))
        after, transition = advance(key, timing, current, evaluate(rule, numbers, now_ms), now_ms)
        if transition is not None:
            self._record(payload.facts(rule), key, transition, now_ms)
        self._states[key] = after

    def _record(self, facts: Mapping[str, Any], key: str, transition: Transition, now_ms: int) -> None:
        """`facts` of the rule; without receivers it is for the board and the log alone."""
        news = None
        if transition.message is not None:
            told = payload.told(facts, transition, now_ms, self._public_url)
            kind = _KINDS[transition.message]
            news = News(kind, transition.alert_id, key, tuple(facts["receivers"]), told, now_ms)
            self._causes.note(payload.message_id(transition.alert_id, transition.message))
        stored = Stored(transition.after, facts)
        self._store.record(key, stored, [transition_row(facts, transition, now_ms)], news)

    def _report_one(self, key: str, rule: AlertRule) -> dict[str, Any]:
        state = self._states.get(key)
        return {
            "alert": rule.alert,
            "group": rule.group,
            "state": state.state if state else State.INACTIVE,
            "since": payload.instant(state.since_ms) if state else None,
            "value": state.value if state else None,
            "metric": rule.metric,
            "bucket": rule.bucket,
            "condition": rule.condition,
            "owner": rule.owner,
            "severity": rule.severity,
            "receiver": ", ".join(rule.receivers),
            "alert_id": state.alert_id or None if state else None,
            "started_at": payload.instant(state.started_ms) if state else None,
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
        }


class _ReadOnce:
    """Reads each value once a pass, so that rules on one metric see the same number."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._series: dict[tuple[Subject, Bucket, int], Sequence[Point]] = {}
        self._seen: dict[Subject, int | None] = {}

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        key = (subject, bucket, count)
        if key not in self._series:
            self._series[key] = self._numbers.series(subject, bucket, count, now_ms)
        return self._series[key]

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        if subject not in self._seen:
            self._seen[subject] = self._numbers.last_seen_ms(subject, now_ms)
        return self._seen[subject]
