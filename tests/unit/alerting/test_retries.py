"""When a message is tried again: twice as late each time, not all at once, and as the receiver asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.retries import RetryPolicy

USUAL = RetryPolicy()


@given(st.integers(1, 10_000))
def test_waits_double_up_to_five_minutes_and_are_cut_at_random(attempts):
    """To between half and all of it, so that what failed together does not come back together."""
    whole = min(300.0, 2.0 ** min(attempts - 1, 30))
    assert whole / 2 <= USUAL.wait_seconds(attempts) <= whole


@pytest.mark.parametrize(("asked", "least", "most"), [(None, 0.5, 1.0), (0.0, 0.5, 1.0), (90.0, 90.0, 90.0)])
def test_who_asks_for_more_time_gets_it(asked, least, most):
    """Never less than we would wait anyway."""
    assert least <= USUAL.wait_seconds(1, asked) <= most


def test_nobody_is_left_alone_for_more_than_an_hour():
    """A receiver that asks for a year would never be told."""
    assert USUAL.wait_seconds(1, 31_536_000.0) == 3_600.0
