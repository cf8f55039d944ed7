"""Lines by offset, counted from few records."""

from hypothesis import given
from hypothesis import strategies as st

from stream.kafka.lines import LineCount

counts = st.lists(st.integers(0, 500), max_size=30)


def counted(low: int, upwards: list[int], downwards: list[int]) -> LineCount:
    lines = LineCount()
    lines.begin(low)
    lines.grow_up(upwards)
    lines.grow_down(downwards)
    return lines


@given(low=st.integers(30, 1000), upwards=counts, downwards=counts)
def test_differences_inside_the_window_are_exact(low: int, upwards: list[int], downwards: list[int]) -> None:
    """However it was counted, upwards or downwards, the lines between two offsets are those of the records there."""
    lines = counted(low, upwards, downwards)
    everything = downwards + upwards
    assert (lines.low, lines.high) == (low - len(downwards), low + len(upwards))
    for first in range(len(everything) + 1):
        for end in range(first, len(everything) + 1):
            between = lines.at(lines.low + end) - lines.at(lines.low + first)
            assert between == sum(everything[first:end])


def test_a_log_counted_from_its_beginning_counts_from_zero() -> None:
    """Then the numbers are true as they are, not only their differences."""
    assert [counted(0, [2, 5, 1], []).at(offset) for offset in range(4)] == [0, 2, 7, 8]


def test_outside_the_window_records_are_taken_to_be_as_long_as_inside() -> None:
    """An estimate: a lag that is far too large to matter exactly."""
    lines = counted(1000, [100, 300], [])
    assert lines.at(1012) - lines.at(1002) == 2000
    assert lines.at(1000) - lines.at(990) == 2000


def test_a_window_that_moves_away_keeps_its_measure() -> None:
    """Right after a jump nothing is counted yet; what was counted before says how long records usually are."""
    lines = counted(0, [100, 100], [])
    lines.begin(50)
    assert lines.at(50) == 5000
    assert lines.at(50) - lines.at(40) == 1000


def test_a_log_first_met_far_from_its_beginning_never_counts_below_zero() -> None:
    """Counting down from there meets blocks of 500 lines at most."""
    lines = counted(10_000, [], [500] * 400)
    assert lines.at(lines.low) > 0


def test_the_window_forgets_its_lower_end() -> None:
    """What is remembered is bounded."""
    lines = counted(0, [1] * 20_000, [])
    assert lines.is_full
    assert (lines.high, lines.high - lines.low) == (20_000, 16_383)
    assert lines.at(20_000) - lines.at(10_000) == 10_000
