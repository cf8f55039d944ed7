"""Log lines."""

import json
import logging

from northstream.logs import JsonLines


def formatted(message: str, *arguments: object) -> dict[str, str]:
    record = logging.LogRecord("ingest", logging.WARNING, "file.py", 1, message, arguments, None)
    line = JsonLines("collector").format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_is_one_json_object() -> None:
    """So that any collector of logs can read it."""
    line = formatted("loading pauses for %.1f s", 0.2)
    assert line["message"] == "loading pauses for 0.2 s"
    assert (line["level"], line["process"], line["logger"]) == ("warning", "collector", "ingest")
    assert line["time"].endswith("+00:00")


def test_control_characters_do_not_get_into_a_terminal() -> None:
    """An event's name can hold an escape sequence, or a line that looks like ours."""
    assert formatted("bad name %s", "a\x1b[31m\n\x00b\x9b")["message"] == "bad name a [31m b "
