"""Answers are kept for as long as their mark stands, and not longer."""

import pytest

from warehouse.kept import LIMIT, KeptWhile


class Asked:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def test_an_answer_is_kept_until_its_mark_changes() -> None:
    """Each question by itself; a mark that comes back finds nothing any more."""
    kept, ask = KeptWhile[int](), Asked()
    assert [kept.get("m1", "a", ask), kept.get("m1", "a", ask), kept.get("m1", "b", ask)] == [1, 1, 2]
    assert [kept.get("m2", "a", ask), kept.get("m1", "a", ask), kept.get("m1", "b", ask)] == [3, 4, 2]


def test_an_answer_that_was_overtaken_does_not_pass_for_a_newer_one() -> None:
    """While it was read the mark moved on: it vouches for its own mark only."""
    kept, ask = KeptWhile[int](), Asked()

    def overtaken() -> int:
        kept.get("m2", "a", ask)
        return 99

    assert kept.get("m1", "a", overtaken) == 99
    assert kept.get("m2", "a", ask) == 2


def test_a_failure_is_not_kept() -> None:
    """The next reader asks again."""
    kept = KeptWhile[int]()
    with pytest.raises(ZeroDivisionError):
        kept.get("m", "a", lambda: 1 // 0)
    assert kept.get("m", "a", lambda: 5) == 5


def test_no_more_answers_are_kept_than_allowed() -> None:
    """Whoever asks something new each time cannot fill the memory: the oldest makes room."""
    kept, ask = KeptWhile[int](), Asked()
    for number in range(LIMIT + 1):
        kept.get("m", number, ask)
    assert kept.get("m", LIMIT, ask) == LIMIT + 1
    assert kept.get("m", 0, ask) == LIMIT + 2
