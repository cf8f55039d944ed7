"""A person's state unites without order and without harm from repetition, and survives its encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.stream_harness import DEFINITIONS

from stream.core.active_days import FIRST_DAY, WINDOWS, covered, neighbours, runs
from stream.core.counters import Counters
from stream.core.definitions import Compiled
from stream.core.funnels import all_entries
from stream.core.person import Person, note_moment
from stream.core.person_codec import UnknownStateVersion, decode, encode, encode_moved, moved_target
from stream.core.restatements import Restatements

DAY = 86_400_000
START = FIRST_DAY * DAY
NAMES = sorted(Compiled(DEFINITIONS).milestones)

activity = st.tuples(st.just("activity"), st.integers(0, 8), st.integers(0, 60), st.integers(0, 3))
moment = st.tuples(st.sampled_from(NAMES), st.integers(0, 8), st.integers(0, 60 * DAY))
signup = st.tuples(st.just("signup"), st.integers(0, 60 * DAY))
identifiers = st.tuples(st.sampled_from(["user", "device"]), st.text(max_size=3))
facts = st.lists(st.one_of(activity, moment, signup, identifiers), max_size=25)


def person(known: list[tuple]) -> Person:
    state = Person("u:me")
    for fact in known:
        if fact[0] == "activity":
            state.note_activity(fact[1], fact[2], fact[3])
        elif fact[0] == "signup":
            at = START + fact[1]
            state.signed_up_ms = at if state.signed_up_ms is None else min(at, state.signed_up_ms)
        elif fact[0] == "user":
            state.user_ids.add(fact[1])
        elif fact[0] == "device":
            state.devices.add(fact[1])
        else:
            note_moment(state.steps.setdefault(fact[0], {}), fact[1], START + fact[2])
            note_moment(state.actions, fact[1], START + fact[2])
            state.see(START + fact[2])
    return state


def united(*states: Person) -> bytes:
    total = Person("u:me")
    for state in states:
        total.absorb(state)
    return encode("u:me", total)


@given(facts, facts)
def test_union_is_commutative(one: list, other: list) -> None:
    """Which of two states arrives first does not matter."""
    assert united(person(one), person(other)) == united(person(other), person(one))


@given(facts, facts, facts)
def test_union_is_associative(one: list, other: list, third: list) -> None:
    """In which groups states unite does not matter."""
    left, right = person(one), person(other)
    left.absorb(person(other))
    right.absorb(person(third))
    assert united(left, person(third)) == united(person(one), right)


@given(facts, facts)
def test_union_is_idempotent(one: list, other: list) -> None:
    """A hand-off that is repeated changes nothing."""
    assert united(person(one), person(other), person(other), person(one)) == united(person(one), person(other))


@given(facts, st.randoms())
def test_facts_apply_in_any_order_and_any_number_of_times(known: list, random) -> None:
    """Late, repeated and out-of-order messages lead to the same state."""
    shuffled = known + known[: len(known) // 2]
    random.shuffle(shuffled)
    assert encode("u:me", person(shuffled)) == encode("u:me", person(known))


@given(facts, facts)
def test_a_state_united_from_parts_is_that_of_all_facts(one: list, other: list) -> None:
    """Two halves of a person, counted in two partitions, are the whole."""
    assert united(person(one), person(other)) == encode("u:me", person(one + other))


@given(facts)
def test_a_state_survives_its_encoding(known: list) -> None:
    """decode(encode(x)) is x, its funnel entries too."""
    state = person(known)
    again = decode("u:me", encode("u:me", state))
    assert encode("u:me", again) == encode("u:me", state)
    assert again.days == state.days
    assert all_entries(again, Compiled(DEFINITIONS)) == all_entries(state, Compiled(DEFINITIONS))


def test_a_state_of_a_later_format_is_refused_by_name() -> None:
    """A version byte that this program does not know is never guessed at."""
    data = encode("u:me", Person("u:me"))
    with pytest.raises(UnknownStateVersion, match="version 9"):
        decode("u:me", bytes((9,)) + data[1:])


def test_a_state_of_the_first_format_is_read_as_it_was_written() -> None:
    """Bytes kept from format version 1: days 3 and 5, one recent message, a signup, a core action, a funnel step."""
    golden = bytes.fromhex(
        "019c03c40105cf0000019b0bd56400cf0000019b0bd56400cd4e79cf0000019b0bd56400c0"
        "c4100700000000000000050001000000000091a2753291a26431"
        "c41009000000000000000064d50b9b010000"
        "81ae50726963696e6720566965776564c41008000000000000000064d50b9b010000"
    )
    state = decode("u:me", golden)
    assert state.user_ids == {"me", "u2"}
    assert state.devices == {"d1"}
    assert state.days == (5 << 3) | (1 << 5)
    assert state.signed_up_ms == 1_765_430_092_800
    assert state.actions == {9: 1_765_430_092_800}
    assert state.steps == {"Pricing Viewed": {8: 1_765_430_092_800}}
    assert state.recent == {7: 1 << 16 | 5}
    assert decode("u:me", encode("u:me", state)).recent == state.recent
    assert encode("u:me", state)[0] == 2


@given(st.text(min_size=1))
def test_a_moved_person_remembers_where_to(user: str) -> None:
    """The marker of a moved person is told apart from a state by its first byte."""
    target = "u:" + user
    assert moved_target(encode_moved(target)) == target
    assert moved_target(encode("u:me", Person("u:me"))) is None


@given(st.lists(st.integers(0, 90), max_size=30))
def test_rolling_windows_in_constant_time_equal_a_recount(bits: list[int]) -> None:
    """One add on a range per new day gives the cover of all days, whatever their order."""
    counters, restate = Counters(), Restatements()
    days = 0
    for bit in bits:
        if not days >> bit & 1:
            counters.activate_day(days, bit, restate)
            days |= 1 << bit
    expected = {
        (metric, FIRST_DAY + bucket): 1
        for metric, width in WINDOWS
        for bucket in range(130)
        if any(bucket - width < bit <= bucket for bit in bits)
    }
    assert {(metric, day): value for metric, day, value in counters.values()} == expected


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_any_change_of_days_counts_the_difference(before: set[int], after: set[int]) -> None:
    """Days added, taken back and moved: counters end where counting `after` from nothing would."""
    mask = lambda days: sum(1 << day for day in days)  # noqa: E731
    moved, fresh, restate = Counters(), Counters(), Restatements()
    moved.change_days(0, mask(before), restate)
    moved.change_days(mask(before), mask(after), restate)
    fresh.change_days(0, mask(after), restate)
    assert sorted(moved.values()) == sorted(fresh.values())


@given(st.integers(0, 2**80), st.integers(0, 79))
def test_neighbours_and_runs_are_what_a_scan_finds(days: int, bit: int) -> None:
    """The bit tricks agree with looking at one bit after the other."""
    others = [other for other in range(90) if days >> other & 1 and other != bit]
    previous_day, next_day = neighbours(days, bit)
    assert previous_day == max((other for other in others if other < bit), default=-1000)
    assert next_day == min((other for other in others if other > bit), default=bit + 1000)
    found = [other for first, last in runs(days) for other in range(first, last + 1)]
    assert found == [other for other in range(90) if days >> other & 1]
    assert covered(days, 1) == days
