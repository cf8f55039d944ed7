"""Repeated log lines."""

import logging

from northstream.repetitions import MOST_IN_A_WINDOW, WINDOW_SECONDS, Repetitions


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def record_of(template: str, *arguments: object, level: int = logging.WARNING, name: str = "a") -> logging.LogRecord:
    return logging.LogRecord(name, level, "file.py", 1, template, arguments, None)


def test_of_lines_that_differ_in_their_values_only_a_few_are_written() -> None:
    """A broker that is away for a minute is worth a few lines, not a thousand."""
    repetitions = Repetitions(Clock())
    written = [repetitions.filter(record_of("node %s is away", number)) for number in range(1000)]
    assert written == [True] * MOST_IN_A_WINDOW + [False] * (1000 - MOST_IN_A_WINDOW)


def test_other_troubles_are_written_meanwhile() -> None:
    """Another text, level or logger is another trouble."""
    repetitions = Repetitions(Clock())
    for _ in range(10):
        repetitions.filter(record_of("away"))
    others = [record_of("back"), record_of("away", level=logging.ERROR), record_of("away", name="b")]
    assert all(repetitions.filter(other) for other in others)


def test_the_next_line_says_how_many_were_left_out() -> None:
    """Nobody takes silence for health."""
    clock = Clock()
    repetitions = Repetitions(clock)
    for _ in range(10):
        repetitions.filter(record_of("away"))
    clock.seconds += WINDOW_SECONDS
    later = record_of("away")
    assert repetitions.filter(later)
    assert later.__dict__["left_out"] == 10 - MOST_IN_A_WINDOW
    clock.seconds += WINDOW_SECONDS
    again = record_of("away")
    assert repetitions.filter(again)
    assert "left_out" not in again.__dict__


def test_what_is_remembered_is_bounded() -> None:
    """Texts with values in them, as some libraries write, must not fill the memory."""
    repetitions = Repetitions(Clock())
    for number in range(5_000):
        repetitions.filter(record_of(f"text {number}"))
    assert len(repetitions._windows) <= 1_000
