"""Judges all rules in turn and records what changes: state, log row and what is owed in one commit.

Does not wait, tell or deliver: see `alerting.session`. Time is an argument; all but reports is for one thread.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alerting import payload
from alerting.evaluate import evaluate, waits_for_handoffs
from alerting.inhibition import Standing, says_data_is_bad, waits_for
from alerting.numbers import NotYetKnown, Numbers
from alerting.read_once import ReadOnce
from alerting.rule_report import rule_report
from alerting.rule_states import Stored
from alerting.states import Observation, RuleState, State, Timing, Transition, Verdict, advance, close
from alerting.store import AlertStore, Change
from alerting.tracing import Causes
from alerting.transition_rows import news_of, transition_row
from schemas.alerts import GAUGES, Absence, AlertRule, FunnelSubject, MetricSubject, QualitySubject
from schemas.computes import STREAMED

LONGEST_WAIT_FOR_HANDOFFS_MS = 5_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look or an edit has found so far: nothing of it counts before all of it is kept."""

    states: dict[str, RuleState]
    judged_ms: dict[str, int]
    comparisons: dict[str, Mapping[str, Any] | None]
    changes: list[Change] = field(default_factory=list)


class Judge:
    """The states of all rules, kept in memory and, when they change, in the store."""

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
        asked before every rule, so that a long look does not let the turn run out.
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
        look = self._begin()
        for key, stored in self._store.rules.all().items():
            if key not in known:
                self._end(key, stored, "the rule was removed", look, now_ms)
            elif known[key].metric != stored.definition["metric"]:
                self._end(key, stored, f"the rule looks at {known[key].metric} now", look, now_ms)
        self._keep(look)
        self._set_rules(rules)

    def judge(self, now_ms: int) -> None:
        """Look at every rule that is due, those that tell whether the data is good first.

        Rules on streamed counters are due at every call, the others when their interval is over. A rule whose number is
        being looked up stays as it is, and is due. All that changes is one commit: a trouble that stops every rule
        costs no more than one of them.
        """
        read = ReadOnce(self._numbers)
        handoffs_pending = self._handoffs_pending(now_ms)
        look = self._begin()
        for rule in self._in_turn:
            if not self._is_due(rule, now_ms) or (handoffs_pending and waits_for_handoffs(rule)):
                continue
            if not self._is_our_turn():
                return
            if not self._is_known_of_the_data(rule, look):
                continue
            with contextlib.suppress(NotYetKnown):
                self._judge_one(rule, read, look, now_ms)
                look.judged_ms[rule.key] = now_ms
        if not look.changes or self._is_our_turn():
            self._keep(look)

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
        return [each.rule.key for each in self._standing(self._states) if says_data_is_bad(each)]

    def _set_rules(self, rules: Sequence[AlertRule]) -> None:
        self._rules = {rule.key: rule for rule in rules}
        self._in_turn = sorted(self._rules.values(), key=lambda rule: not rule.inhibits)
        self._inhibiting = [rule for rule in self._in_turn if rule.inhibits]
        self._asks_for_handoffs = any(map(waits_for_handoffs, self._in_turn))

    def _begin(self) -> _Look:
        return _Look(dict(self._states), dict(self._judged_ms), dict(self._comparisons))

    def _keep(self, look: _Look) -> None:
        """If the file does not take it, nothing of the look has happened."""
        if look.changes:
            self._store.record_all(look.changes)
        self._states, self._judged_ms, self._comparisons = look.states, look.judged_ms, look.comparisons

    def _standing(self, states: Mapping[str, RuleState]) -> list[Standing]:
        return [Standing(rule, states[rule.key]) for rule in self._inhibiting if rule.key in states]

    def _is_due(self, rule: AlertRule, now_ms: int) -> bool:
        judged_ms = self._judged_ms.get(rule.key)
        is_over = judged_ms is None or not 0 <= now_ms - judged_ms < rule.interval_seconds * 1000
        return is_over or _is_streamed(rule)

    def _is_known_of_the_data(self, rule: AlertRule, look: _Look) -> bool:
        """At a start a product's number is judged only when every rule that may hold it back has been: what was counted
        before says nothing while the engine catches up."""
        if rule.inhibits or not rule.waits_for_data:
            return True
        return all(each.key in look.judged_ms for each in self._inhibiting)

    def _handoffs_pending(self, now_ms: int) -> bool:
        """Hand-offs are pending, and have been for less than the longest wait; not asked if no rule waits for them."""
        if not (self._asks_for_handoffs and self._pending()):
            self._pending_since_ms = None
            return False
        if self._pending_since_ms is None:
            self._pending_since_ms = now_ms
        return now_ms - self._pending_since_ms < LONGEST_WAIT_FOR_HANDOFFS_MS

    def _judge_one(self, rule: AlertRule, numbers: Numbers, look: _Look, now_ms: int) -> None:
        key = rule.key
        current = look.states.get(key) or RuleState(State.INACTIVE, now_ms)
        because = waits_for(rule, current, self._standing(look.states))
        seen = _bad_data(because) if because else self._see(rule, current, numbers, now_ms)
        timing = Timing(int(rule.for_seconds * 1000), int(rule.keep_firing_for_seconds * 1000))
        after, transition = advance(key, timing, current, seen, now_ms)
        if transition is not None:
            look.changes.append(self._change(payload.facts(rule), key, transition, seen.comparison, now_ms))
        look.states[key] = after
        look.comparisons[key] = seen.comparison

    def _see(self, rule: AlertRule, current: RuleState, numbers: Numbers, now_ms: int) -> Observation:
        """An incident about the data now lasts while the number says so: samples guard its start alone, and where there
        is nothing to look at any more (nothing comes that could be refused, the watch is off) nothing is bad. It would
        hold all others back for as long as nobody sends much."""
        if not (current.is_open and _is_gauge(rule)):
            return self._look_at(rule, numbers, now_ms)
        seen = self._look_at(replace(rule, min_samples=0.0), numbers, now_ms)
        return seen._replace(verdict=Verdict.CLEAR) if seen.verdict is Verdict.NO_DATA else seen

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

    def _end(self, key: str, stored: Stored, cause: str, look: _Look, now_ms: int) -> None:
        """The state stays in the file, inactive: if the rule comes back, its states go on in their order."""
        state = look.states.get(key, stored.state)
        if state.state is not State.INACTIVE:
            state, transition = close(state, cause, now_ms)
            look.changes.append(self._change(stored.definition, key, transition, None, now_ms))
        look.states[key] = state
        look.judged_ms.pop(key, None)
        look.comparisons.pop(key, None)

    def _change(
        self,
        facts: Mapping[str, Any],
        key: str,
        transition: Transition,
        comparison: Mapping[str, Any] | None,
        now_ms: int,
    ) -> Change:
        """`facts` of the rule; without receivers it is for the board and the log alone."""
        row = transition_row(facts, transition, comparison, now_ms)
        if transition.message is not None:
            self._causes.note(row["message"])
        return Change(key, Stored(transition.after, facts), [row], news_of(row, self._public_url))


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


def _is_gauge(rule: AlertRule) -> bool:
    return isinstance(rule.subject, QualitySubject) and rule.subject.number in GAUGES
