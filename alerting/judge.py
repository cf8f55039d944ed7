"""Judges all rules in turn and records what changes: state, log row and what is owed in one commit.

Does not wait, tell or deliver: see `alerting.session`. Time is an argument; all but reports is for one thread.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alerting import payload
from alerting.evaluate import evaluate, waits_for_handoffs
from alerting.inhibition import Standing, says_data_is_bad, waits_for
from alerting.numbers import NotYetKnown, Numbers
from alerting.read_once import ReadOnce
from alerting.rule_report import rule_report
from alerting.rule_states import Stored
from alerting.states import Observation, RuleState, State, Timing, Transition, Verdict, advance, close
from alerting.store import AlertStore
from alerting.tracing import Causes
from alerting.transition_rows import news_of, transition_row
from schemas.alerts import Absence, AlertRule, FunnelSubject, MetricSubject
from schemas.computes import STREAMED

LONGEST_WAIT_FOR_HANDOFFS_MS = 5_000

log = logging.getLogger(__name__)


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
        is_our_turn: Callable[[], bool] = lambda: True,
    ) -> None:
        """Call `replace` before anything is judged: the file may know rules that are gone.

        Nothing is recorded while `is_our_turn` says no: what was read before this process was held up is old. It is
        asked before every rule, so that a long pass does not let the turn run out.
        """
        self._store = store
        self._numbers = numbers
        self._pending = pending
        self._public_url = public_url
        self._causes = causes or Causes()
        self._is_our_turn = is_our_turn
        self._pending_since_ms: int | None = None
        self._judged_ms: dict[str, int] = {}
        self._comparisons: dict[str, Mapping[str, Any] | None] = {}
        self._faults: set[tuple[str, str]] = set()
        self._set_rules(rules)
        self._states = {key: stored.state for key, stored in store.rules.all().items() if key in self._rules}

    def replace(self, rules: Sequence[AlertRule], now_ms: int) -> None:
        """Judge by these rules from now on.

        A rule that is gone ends its incident and begins anew if it comes back, and so does one that looks at another
        number under the same key: what was known says nothing of that. Any other change leaves its state as it is.
        """
        known = {rule.key: rule for rule in rules}
        for key, stored in self._store.rules.all().items():
            if key not in known:
                self._end(key, stored, "the rule was removed", now_ms)
            elif known[key].metric != stored.definition["metric"]:
                self._end(key, stored, f"the rule looks at {known[key].metric} now", now_ms)
        self._set_rules(rules)

    def judge(self, now_ms: int) -> None:
        """Look at every rule that is due, those that tell whether the data is good first.

        Rules on streamed counters are due at every call, the others when their interval is over. A rule whose number is
        being looked up stays as it is, and is due.
        """
        read = ReadOnce(self._numbers)
        handoffs_pending = self._handoffs_pending(now_ms)
        for rule in self._in_turn:
            if not (_is_streamed(rule) or self._is_due(rule, now_ms)):
                continue
            if handoffs_pending and waits_for_handoffs(rule):
                continue
            if not self._is_our_turn():
                return
            with contextlib.suppress(NotYetKnown):
                self._judge_one(rule, read, now_ms)
                self._judged_ms[rule.key] = now_ms

    def report(self) -> list[dict[str, Any]]:
        """All rules with their states, for `/api/alerts`; rules not judged yet are inactive since None."""
        return [
            rule_report(rule, self._states.get(key), self._comparisons.get(key)) for key, rule in self._rules.items()
        ]

    def open_values(self) -> dict[str, float | None]:
        """The last known value of every open incident, by its id."""
        return {state.alert_id: state.value for state in self._states.values() if state.is_open}

    def bad_data(self) -> list[str]:
        """The keys of the rules that say that the data is bad."""
        return [each.rule.key for each in self._inhibiting() if says_data_is_bad(each)]

    def _set_rules(self, rules: Sequence[AlertRule]) -> None:
        self._rules = {rule.key: rule for rule in rules}
        self._in_turn = sorted(self._rules.values(), key=lambda rule: not rule.inhibits)

    def _inhibiting(self) -> list[Standing]:
        states = self._states
        return [Standing(rule, states[key]) for key, rule in self._rules.items() if rule.inhibits and key in states]

    def _is_due(self, rule: AlertRule, now_ms: int) -> bool:
        judged_ms = self._judged_ms.get(rule.key)
        return judged_ms is None or not 0 <= now_ms - judged_ms < rule.interval_seconds * 1000

    def _handoffs_pending(self, now_ms: int) -> bool:
        """Hand-offs are pending, and have been for less than the longest wait."""
        if not self._pending():
            self._pending_since_ms = None
            return False
        if self._pending_since_ms is None:
            self._pending_since_ms = now_ms
        return now_ms - self._pending_since_ms < LONGEST_WAIT_FOR_HANDOFFS_MS

    def _judge_one(self, rule: AlertRule, numbers: Numbers, now_ms: int) -> None:
        key = rule.key
        current = self._states.get(key) or RuleState(State.INACTIVE, now_ms)
        because = waits_for(rule, current, self._inhibiting())
        seen = _bad_data(because) if because else self._look_at(rule, numbers, now_ms)
        timing = Timing(int(rule.for_seconds * 1000), int(rule.keep_firing_for_seconds * 1000))
        after, transition = advance(key, timing, current, seen, now_ms)
        if transition is not None:
            if not self._is_our_turn():
                return
            self._record(payload.facts(rule), key, transition, seen.comparison, now_ms)
        self._states[key] = after
        self._comparisons[key] = seen.comparison

    def _look_at(self, rule: AlertRule, numbers: Numbers, now_ms: int) -> Observation:
        """A mistake of ours about one rule must not stop the others: it is an error of this rule, logged once."""
        try:
            return evaluate(rule, numbers, now_ms)
        except NotYetKnown:
            raise
        except Exception as error:
            kind = type(error).__name__
            if (rule.key, kind) not in self._faults:
                self._faults.add((rule.key, kind))
                log.exception("a rule cannot be judged", extra={"rule": rule.key})
            return Observation(Verdict.ERROR, None, f"internal error: {kind}")

    def _end(self, key: str, stored: Stored, cause: str, now_ms: int) -> None:
        """The state stays in the file, inactive: if the rule comes back, its states go on in their order."""
        state = self._states.get(key, stored.state)
        if state.state is not State.INACTIVE:
            state, transition = close(state, cause, now_ms)
            self._record(stored.definition, key, transition, None, now_ms)
        self._states[key] = state
        self._judged_ms.pop(key, None)
        self._comparisons.pop(key, None)

    def _record(
        self,
        facts: Mapping[str, Any],
        key: str,
        transition: Transition,
        comparison: Mapping[str, Any] | None,
        now_ms: int,
    ) -> None:
        """`facts` of the rule; without receivers it is for the board and the log alone."""
        row = transition_row(facts, transition, comparison, now_ms)
        if transition.message is not None:
            self._causes.note(row["message"])
        self._store.record(key, Stored(transition.after, facts), [row], news_of(row, self._public_url))


def _bad_data(because: Sequence[str]) -> Observation:
    return Observation(Verdict.WAITS, None, f"the data is bad: {', '.join(because)}")


def _is_streamed(rule: AlertRule) -> bool:
    """Whether it looks at published counters, which are cheap to read: when something was seen last is not."""
    if isinstance(rule.comparison, Absence):
        return False
    match rule.subject:
        case MetricSubject(metric, segments):
            return metric in STREAMED and not segments
        case FunnelSubject():
            return True
    return False
