"""What a thread holds while it answers a question made of many."""

import threading

import pytest

from metrics.moment import Moment


def test_within_a_moment_everything_is_found_once():
    """Outside each question is answered anew; a moment within a moment is the same."""
    moment, found = Moment(), iter(range(10))

    def find():
        return next(found)

    assert [moment.get("look", find), moment.get("look", find)] == [0, 1]
    with moment.hold():
        assert [moment.get("look", find), moment.get("look", find), moment.get("other", find)] == [2, 2, 3]
        with moment.hold():
            assert moment.get("look", find) == 2
        assert moment.get("look", find) == 2
    assert moment.get("look", find) == 4
    assert not moment.is_held


def test_a_moment_is_of_its_thread_and_ends_with_an_error():
    """Nobody else is told something older."""
    moment, seen = Moment(), []

    def ask_elsewhere_and_fail():
        with moment.hold():
            other = threading.Thread(target=lambda: seen.append(moment.is_held))
            other.start()
            other.join()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask_elsewhere_and_fail()
    assert seen == [False]
    assert not moment.is_held


def test_what_could_not_be_found_is_looked_for_again():
    """An error is not held."""
    moment = Moment()

    def fail():
        raise KeyError

    with moment.hold():
        with pytest.raises(KeyError):
            moment.get("look", fail)
        assert moment.get("look", lambda: 1) == 1
