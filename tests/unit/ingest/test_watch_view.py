"""What the collector knows of the self-watch: the engine's last word, older by the time since."""

import pytest

from ingest.watch_view import LastWatch
from schemas.watching import shown_watch


class Hands:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_ages_while_the_engine_is_silent() -> None:
    """A new word of the engine counts at once."""
    clock = Hands()
    watch = LastWatch(clock)
    assert watch.age_seconds() is None
    watch.note(b'{"ready": true, "checks": {}, "watch": {"age_seconds": 4.5, "is_fresh": true}}')
    clock.now += 60
    assert watch.age_seconds() == 64.5
    watch.note(b'{"watch": {"age_seconds": 1.0}}')
    assert watch.age_seconds() == 1.0


@pytest.mark.parametrize("answer", [b"", b"no json", b'{"watch": null}', b'{"watch": {"age_seconds": "x"}}', b"{}"])
def test_an_answer_that_says_nothing_of_it_changes_nothing(answer: bytes) -> None:
    """As that of an engine whose warehouse is away, or of one that does not watch."""
    clock = Hands()
    watch = LastWatch(clock)
    watch.note(answer)
    assert watch.age_seconds() is None
    watch.note(b'{"watch": {"age_seconds": 2.0}}')
    clock.now += 1
    watch.note(answer)
    assert watch.age_seconds() == 3.0


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (None, None),
        (0.04, {"age_seconds": 0.0, "is_fresh": True}),
        (60.0, {"age_seconds": 60.0, "is_fresh": True}),
        (60.1, {"age_seconds": 60.1, "is_fresh": False}),
    ],
)
def test_an_age_over_a_minute_is_not_fresh(age: float | None, shown: object) -> None:
    """None: nobody sends any, or nobody knows yet."""
    assert shown_watch(age) == shown
