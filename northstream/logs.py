"""Log lines as JSON on standard error: what happened, where, to which request, and the error with its trace.

Does not log requests: bodies, keys and query strings never get here.
"""

import json
import logging
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from northstream.repetitions import Repetitions
from schemas import request_ids

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")

_QUIET = (
    *("uvicorn", "httpx", "httpcore", "aiokafka", "kafka", "faust", "mode", "asyncio"),
    *("stream.app", "stream.log.consumer", "stream.kafka.transport"),
)
"""Libraries (and those parts of ours that speak through them) whose information is not ours to pass on; their
warnings are. Access lines would hold query strings."""

_OFTEN_WRONG = ("kafka.net.selector",)
"""Warns whenever a busy machine lets it wait for a tenth of a second; its errors are heard."""

_USUAL = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}
"""What a record has by itself; all else is what the caller said besides (`extra=`)."""

_LONGEST = 2_000
"""Characters of a value; an error's trace may be longer."""


class JsonLines(logging.Formatter):
    """One JSON object per record, on one line, free of control characters."""

    def __init__(self, process: str, instance: str = "") -> None:
        super().__init__()
        self._process = process
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "instance": self._instance,
            "logger": record.name,
            "message": plain(record.getMessage()),
        }
        if request_id := request_ids.current():
            line["request_id"] = request_id
        for name, value in vars(record).items():
            if name not in _USUAL and name not in line:
                line[name] = _plain_value(value)
        if record.exc_info:
            line["error"] = _CONTROL_BUT_NEWLINE.sub(" ", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class CountLines(logging.Filter):
    """Counts the lines of this process by level, those too that are then left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        lines_by_level[record.levelname.lower()] += 1
        return True


lines_by_level: Counter[str] = Counter()
"""Since the start of this process, which has one log as it has one standard error."""


def plain(text: str) -> str:
    """The text with each run of control characters as one space."""
    return _CONTROL.sub(" ", text)


def _plain_value(value: object) -> Any:
    """The same for values that callers give: numbers stay numbers, lists lists, all else is text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain_value(item) for item in value]
    return plain(str(value))[:_LONGEST]


def configure_logs(process: str, level: str, instance: str = "") -> None:
    """Send every logger of this process to standard error. `instance` tells processes of one role apart."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process, instance))
    handler.addFilter(CountLines())
    handler.addFilter(Repetitions())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in _OFTEN_WRONG:
        logging.getLogger(name).setLevel(logging.ERROR)
