"""Log lines."""

import json
import logging
import sys
from contextvars import copy_context
from typing import Any

from northstream.logs import JsonLines
from schemas import request_ids


def record_of(message: str, *arguments: object, **more: Any) -> logging.LogRecord:
    logger = logging.Logger("ingest")
    return logger.makeRecord("ingest", logging.WARNING, "file.py", 1, message, arguments, **({"exc_info": None} | more))


def formatted(message: str, *arguments: object, **more: Any) -> dict[str, Any]:
    line = JsonLines("collector", "host-1").format(record_of(message, *arguments, **more))
    assert "\n" not in line
    content: dict[str, Any] = json.loads(line)
    return content


def test_a_line_is_one_json_object() -> None:
    """So that any collector of logs can read it."""
    line = formatted("loading pauses for %.1f s", 0.2)
    assert line["message"] == "loading pauses for 0.2 s"
    assert (line["level"], line["process"], line["instance"]) == ("warning", "collector", "host-1")
    assert line["logger"] == "ingest"
    assert line["time"].endswith("+00:00")


def test_control_characters_do_not_get_into_a_terminal() -> None:
    """An event's name can hold an escape sequence, or a line that looks like ours."""
    assert formatted("bad name %s", "a\x1b[31m\n\x00b\x9b")["message"] == "bad name a [31m b "
    assert formatted("bad", extra={"why": "a\x1b[31m\n"})["why"] == "a [31m "


def test_what_a_caller_says_besides_is_in_the_line() -> None:
    """Numbers stay numbers, lists lists; names of the line itself cannot be taken."""
    line = formatted("taken", extra={"partitions": [0, 1], "generation": 7, "why": None, "level": "fatal"})
    assert (line["partitions"], line["generation"], line["why"]) == ([0, 1], 7, None)
    assert line["level"] == "warning"
    assert "taskName" not in line


def test_an_error_comes_with_its_trace() -> None:
    """Where it happened, on the same line."""
    try:
        raise ValueError("bad \x1b[31mthing")
    except ValueError:
        line = formatted("failed", exc_info=sys.exc_info())
    assert line["error"].startswith("Traceback (most recent call last):\n")
    assert line["error"].endswith("ValueError: bad  [31mthing")


def test_lines_about_a_request_carry_its_id() -> None:
    """The sender's own if it is sane, else one that stays the same for the whole request; none outside of requests."""

    def ids_with(*headers: tuple[bytes, bytes]) -> set[str]:
        request_ids.begin([(b"host", b"x"), *headers])
        return {formatted("first")["request_id"], formatted("second")["request_id"]}

    assert copy_context().run(ids_with, (b"x-request-id", b"a-1:b")) == {"a-1:b"}
    for insane in (b"", b"a b", b'"', b"x" * 129, "é".encode()):
        [minted] = copy_context().run(ids_with, (b"x-request-id", insane))
        assert len(minted) == 32
    assert "request_id" not in formatted("outside")
