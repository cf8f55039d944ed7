"""The state machine of alerts against a table of cases and against a Hypothesis machine.

Does not touch the store or the network.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.states import Message, Observation, RuleState, State, Timing, Verdict, advance, alert_id, close

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "states.yaml").read_text())
OPEN_STATES = {State.FIRING, State.RECOVERING, State.NO_DATA, State.ERROR}


def observed(seen: Any) -> Observation:
    if seen in ("none", "error"):
        return Observation(Verdict.NO_DATA if seen == "none" else Verdict.ERROR, None)
    return Observation(Verdict.BREACHED if seen > 20 else Verdict.CLEAR, float(seen))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_rule_lives_as_the_table_says(case: dict[str, Any]) -> None:
    """Each row of cases/states.yaml: after this observation this state, and this message or none."""
    timing = Timing(int(case["for"] * 1000), int(case["keep_firing_for"] * 1000))
    state = RuleState(State.INACTIVE, 0)
    for second, seen, expected, message in case["steps"]:
        state, transition = advance("rule", timing, state, observed(seen), int(second * 1000))
        assert (second, state.state) == (second, expected)
        sent = transition.message if transition is not None else None
        assert (second, sent or "-") == (second, message)


observations = st.tuples(
    st.sampled_from(Verdict), st.integers(min_value=0, max_value=20_000), st.floats(allow_nan=False, width=16)
)
timings = st.builds(Timing, st.integers(0, 15_000), st.integers(0, 15_000))


@settings(max_examples=300, deadline=None)
@given(timings, st.lists(observations, max_size=40))
def test_starts_and_ends_alternate_and_share_one_id(timing: Timing, history: list[tuple[Verdict, int, float]]) -> None:
    """Whatever is observed: a start, then its end, then the next start; an end carries the id of its start."""
    state, now_ms, open_id = RuleState(State.INACTIVE, 0), 0, ""
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
            open_id = transition.alert_id
            assert open_id == alert_id("rule", now_ms)
        elif transition is not None and transition.message is Message.RESOLVED:
            assert verdict is Verdict.CLEAR
            assert transition.alert_id == open_id
            open_id = ""
        assert state.alert_id == open_id


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


def test_a_removed_rule_ends_its_incident_with_the_last_value() -> None:
    """Closing from outside resolves with the same id and keeps the value that was last seen."""
    firing, started = advance(
        "rule", Timing(0, 0), RuleState(State.INACTIVE, 0), Observation(Verdict.BREACHED, 30.0), 5
    )
    ended, transition = close(firing, "the rule was removed", 9)
    assert started is not None
    assert transition.alert_id == started.alert_id
    assert (transition.message, ended.state, ended.value) == (Message.RESOLVED, State.INACTIVE, 30.0)
