"""Looking numbers up in the background: how old an answer may be, what is said without one, and how often is asked."""

import pytest

from alerting.numbers import NotLookedUp, NotYetKnown
from northstream.numbers.lookups import FIRST_ANSWER_SECONDS, Lookups, Manner
from schemas.reading import ReadingUnavailable

MANNER = Manner(every_seconds=10, most_age_seconds=60)


class Source:
    """Answers with how often it was asked; takes `cost` seconds of the test's clock, and fails as it is told."""

    def __init__(self):
        self.seconds, self.asked, self.cost, self.error = 0.0, 0, 0.0, None
        self.lookups = Lookups(lambda: self.seconds)

    def __call__(self):
        self.asked += 1
        self.seconds += self.cost
        if self.error is not None:
            raise self.error
        return self.asked

    def get(self, name="question"):
        return self.lookups.get(name, self, MANNER)

    def after(self, seconds):
        self.seconds += seconds
        self.lookups.round()


@pytest.fixture
def source():
    return Source()


def test_an_answer_is_told_until_it_is_asked_for_again(source):
    """Every ten seconds here."""
    with pytest.raises(NotYetKnown):
        source.get()
    for seconds, answer in ((0, 1), (9.9, 1), (0.1, 2), (5, 2)):
        source.after(seconds)
        assert source.get() == answer


def test_an_answer_that_is_too_old_is_not_told(source):
    """While the source fails the latest answer is told for a minute here; then its words."""
    with pytest.raises(NotYetKnown):
        source.get()
    source.after(0)
    source.error = ReadingUnavailable("the warehouse is away")
    source.after(60)
    assert source.get() == 1
    source.after(0.1)
    with pytest.raises(ReadingUnavailable, match="60 s old: the warehouse is away"):
        source.get()
    source.error = None
    source.after(10)
    assert source.get() == source.asked


def test_a_first_look_that_fails_says_why(source):
    """And one that does not end is told from one that has just begun."""
    source.error = ReadingUnavailable("the log is away")
    with pytest.raises(NotYetKnown):
        source.get()
    source.seconds += FIRST_ANSWER_SECONDS
    with pytest.raises(ReadingUnavailable, match="still being looked up"):
        source.get()
    source.after(0)
    with pytest.raises(ReadingUnavailable, match="the log is away"):
        source.get()


def test_what_cannot_be_looked_up_is_said_at_once(source):
    """A definition is to be mended; old answers of another one say nothing."""
    source.error = NotLookedUp("unknown metric x")
    with pytest.raises(NotYetKnown):
        source.get()
    source.after(0)
    with pytest.raises(NotLookedUp, match="unknown metric x"):
        source.get()


def test_a_mistake_in_one_number_ends_nothing(source):
    """It is an answer that could not be had, like any other; others go on."""
    source.error = ZeroDivisionError()
    for name in ("broken", "whole"):
        with pytest.raises(NotYetKnown):
            source.get(name)
    source.after(0)
    with pytest.raises(ReadingUnavailable, match="ZeroDivisionError"):
        source.get("broken")
    source.error = None
    source.after(10)
    assert source.get("whole") == source.asked


def test_what_is_dear_rests_for_longer(source):
    """Ten times what it costs, half of its answer's age at most."""
    with pytest.raises(NotYetKnown):
        source.get()
    source.cost = 2.0
    source.after(0)
    source.after(17.9)
    assert source.asked == 1
    source.after(0.1)
    assert source.asked == 2
    source.cost = 20.0
    source.after(20)
    source.get()
    source.after(9)
    assert source.asked == 3
    source.after(1)
    assert source.asked == 4


def test_the_most_overdue_question_is_asked_first(source):
    """And one that nobody asks for any more is forgotten."""
    for name in ("first", "second"):
        with pytest.raises(NotYetKnown):
            source.get(name)
        source.after(0)
        source.seconds += 5
    source.after(100)
    assert (source.get("first"), source.get("second")) == (3, 4)
    source.seconds += 121
    source.lookups.round()
    with pytest.raises(NotYetKnown):
        source.get("first")
