"""When something happened: reads ISO-8601 and corrects wrong clocks (contracts §1, Time).

Does not read a clock: the time of arrival is handed in. All results are Unix milliseconds.
"""

from datetime import UTC, datetime

SKEW_IGNORED_MS = 5_000
FUTURE_MS = 24 * 3_600_000
PAST_MS = 400 * 24 * 3_600_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATORS = "Tt "


def read_iso(text: object) -> int | None:
    """An ISO-8601 date or time as Unix ms, cut (not rounded); without a zone it is UTC. None if it is not one."""
    if text.__class__ is not str:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or text[10:11] not in _SEPARATORS:
        moment = _read_unusual(str(text))
        if moment is None:
            return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def _read_unusual(text: str) -> datetime | None:
    """Lower-case letters and the form without dashes; but no other character between date and time."""
    if len(text) > 10 and text[4] == "-" and text[10] not in _SEPARATORS:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def shift_of(sent_ms: int | None, received_ms: int) -> int:
    """How far to move the client's times: by how wrong its clock was when it sent; up to 5 s count as right."""
    if sent_ms is None:
        return 0
    skew_ms = received_ms - sent_ms
    return 0 if -SKEW_IGNORED_MS <= skew_ms <= SKEW_IGNORED_MS else skew_ms


def bounds_of(received_ms: int) -> tuple[int, int]:
    """Earliest and latest event time that is believed, both included."""
    return received_ms - PAST_MS, received_ms + FUTURE_MS
