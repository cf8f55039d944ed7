"""How much the Kafka libraries may say: one line per kind of message and minute."""

import logging
from collections.abc import Iterator

import pytest

from stream.kafka.client_logs import CalmHandler, calm_client_logs


class Heard(logging.Handler):
    """What comes through to the root logger's handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Lines that come through, with a library's logger that has said nothing yet."""
    library, root, handler = logging.getLogger("kafka"), logging.getLogger(), Heard()
    before = library.handlers[:]
    library.handlers.clear()
    calm_client_logs()
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
    library.handlers[:] = before


def test_a_hundred_lines_of_one_kind_are_one(heard: list[str]) -> None:
    """The kind is the message before its values are put in; another kind is said at once."""
    library = logging.getLogger("kafka.some.module")
    for attempt in range(100):
        library.error("connection to %s failed", attempt)
    library.error("another thing happened")
    assert heard == ["connection to 0 failed", "another thing happened"]


def test_the_libraries_chatter_is_left_out(heard: list[str]) -> None:
    """Each connection that is opened would be a line."""
    logging.getLogger("kafka.some.module").info("connected")
    assert heard == []


def test_being_asked_twice_changes_nothing(heard: list[str]) -> None:
    """Every client asks for it."""
    calm_client_logs()
    assert len([handler for handler in logging.getLogger("kafka").handlers if isinstance(handler, CalmHandler)]) == 1


def test_the_level_of_this_process_holds_for_the_libraries_too(heard: list[str]) -> None:
    """Who asked for errors alone reads no warnings of theirs; of their own loop nobody does."""
    root = logging.getLogger()
    level = root.level
    try:
        root.setLevel(logging.ERROR)
        logging.getLogger("kafka.some.module").warning("a warning")
    finally:
        root.setLevel(level)
    logging.getLogger("kafka.net.selector").warning("Task blocked the event loop")
    assert heard == []
