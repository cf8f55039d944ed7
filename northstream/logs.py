"""Log lines as JSON on standard error: time, level, process, logger, message, and the error with its trace.

Does not log requests: bodies, keys and query strings never get here.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

_QUIET = ("uvicorn", "httpx", "httpcore", "aiokafka", "faust", "mode", "asyncio", "stream.app", "stream.log.consumer")
"""Libraries (and those parts of ours that speak through them) whose information is not ours to pass on; their
warnings are. Access lines would hold query strings."""


class JsonLines(logging.Formatter):
    """One JSON object per record, on one line, free of control characters."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": plain(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def plain(text: str) -> str:
    """The text with each run of control characters as one space."""
    return _CONTROL.sub(" ", text)


def configure_logs(process: str, level: str) -> None:
    """Send every logger of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
