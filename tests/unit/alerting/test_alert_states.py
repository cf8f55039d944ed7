"""The state machine of alerts against a table of cases that ops can read, and against random histories.

Does not touch the store or the network; restarts with a real store: see test_alert_lives.py.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.states import (
    Message,
    Observation,
    RuleState,
    State,
    Timing,
    Transition,
    Verdict,
    advance,
    alert_id,
    close,
)

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "states.yaml").read_text())
OPEN_STATES = {State.FIRING, State.RECOVERING, State.NO_DATA, State.ERROR, State.WAITING}
WITHOUT_NUMBER = {
    "none": Observation(Verdict.NO_DATA, None, "no value for the running bucket"),
    "error": Observation(Verdict.ERROR, None, "cannot be read: the warehouse is away"),
    "bad": Observation(Verdict.WAITS, None, "the data is bad: DataLate"),
}


def observed(seen: Any) -> Observation:
    if seen in WITHOUT_NUMBER:
        return WITHOUT_NUMBER[seen]
    breached = seen > 20
    words = f"{seen} > 20" if breached else f"{seen}, not > 20"
    return Observation(Verdict.BREACHED if breached else Verdict.CLEAR, float(seen), words)


class Life:
    """A rule as a case tells of it; `kept` is what the file has: the state as of its last change."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.timing = Timing(int(case["for"] * 1000), int(case["keep_firing_for"] * 1000))
        self.state = self.kept = RuleState(State.INACTIVE, 0)

    def step(self, seen: Any, now_ms: int) -> Transition | None:
        if seen == "restart":
            self.state = self.kept
            return None
        if seen == "removed":
            self.state, ended = close(self.state, "the rule was removed", now_ms)
            return ended
        self.state, transition = advance("rule", self.timing, self.state, observed(seen), now_ms)
        self.kept = transition.after if transition is not None else self.kept
        return transition


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_rule_lives_as_the_table_says(case: dict[str, Any]) -> None:
    """Each row of cases/states.yaml: after this observation this state, and this message or none."""
    life = Life(case)
    for second, seen, expected, message, *cause in case["steps"]:
        transition = life.step(seen, int(second * 1000))
        assert (second, life.state.state) == (second, expected)
        sent = transition.message if transition is not None else None
        assert (second, sent or "-") == (second, message)
        if cause:
            assert transition is not None
            assert (second, transition.cause, life.state.cause) == (second, *cause, *cause)


observations = st.tuples(
    st.sampled_from(Verdict), st.integers(min_value=0, max_value=20_000), st.floats(allow_nan=False, width=16)
)
timings = st.builds(Timing, st.integers(0, 15_000), st.integers(0, 15_000))


@settings(max_examples=200, deadline=None)
@given(timings, st.lists(observations, max_size=40))
def test_starts_and_ends_alternate_and_share_one_id(timing: Timing, history: list[tuple[Verdict, int, float]]) -> None:
    """Whatever is observed: a start, then its end, then the next start; an end carries the id of its start."""
    state, now_ms, open_id, start_value = RuleState(State.INACTIVE, 0), 0, "", None
    for verdict, elapsed_ms, value in history:
        now_ms += elapsed_ms
        before = state
        state, transition = advance("rule", timing, state, Observation(verdict, value), now_ms)
        assert (transition is not None) == (state.state is not before.state)
        assert state.is_open == (state.started_ms is not None)
        assert not state.is_open or state.state in OPEN_STATES
        if transition is not None and transition.message is Message.FIRING:
            assert open_id == ""
            assert verdict is Verdict.BREACHED
            open_id, start_value = transition.alert_id, value
            assert open_id == alert_id("rule", now_ms)
        elif transition is not None and transition.message is Message.RESOLVED:
            assert verdict is Verdict.CLEAR
            assert (transition.alert_id, transition.start_value) == (open_id, start_value)
            open_id = ""
        assert state.alert_id == open_id
        assert transition is None or transition.cause


@settings(max_examples=200, deadline=None)
@given(timings, st.lists(st.tuples(st.booleans(), st.integers(0, 4_000)), min_size=1, max_size=40))
def test_it_fires_only_after_an_unbroken_breach_of_the_whole_wait(
    timing: Timing, history: list[tuple[bool, int]]
) -> None:
    """A start message needs `for` of breaches with no clear between; an end needs `keep_firing_for` of clears."""
    state, now_ms, run_since, previous = RuleState(State.INACTIVE, 0), 0, 0, None
    for breached, elapsed_ms in history:
        now_ms += elapsed_ms
        if breached is not previous:
            run_since, previous = now_ms, breached
        seen = Observation(Verdict.BREACHED if breached else Verdict.CLEAR, 1.0)
        state, transition = advance("rule", timing, state, seen, now_ms)
        wait = timing.for_ms if breached else timing.keep_firing_for_ms
        if transition is not None and transition.message is not None:
            assert now_ms - run_since >= wait
        if now_ms - run_since >= wait:
            assert state.state is (State.FIRING if breached else State.INACTIVE)


def test_a_value_from_bad_data_is_not_taken_over() -> None:
    """While a rule waits, the last good value stays; without data there is none."""
    seen = RuleState(State.INACTIVE, 0, 12.0)
    waiting, _ = advance("rule", Timing(0, 0), seen, Observation(Verdict.WAITS, None, "bad"), 1)
    missing, _ = advance("rule", Timing(0, 0), seen, Observation(Verdict.NO_DATA, None), 1)
    assert (waiting.value, missing.value) == (12.0, None)
