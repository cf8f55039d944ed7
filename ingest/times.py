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
    if type(text) is not str or (len(text) > 10 and text[10] not in _SEPARATORS and text[4] == "-"):
        return None
    try:
        moment = datetime.fromisoformat(text.upper() if text[-1:] == "z" else text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def corrected(timestamp_ms: int, sent_ms: int | None, received_ms: int) -> int:
    """The client's time moved by how wrong its clock was when it sent; up to 5 s count as right."""
    if sent_ms is None:
        return timestamp_ms
    skew_ms = received_ms - sent_ms
    return timestamp_ms if -SKEW_IGNORED_MS <= skew_ms <= SKEW_IGNORED_MS else timestamp_ms + skew_ms


def is_out_of_bounds(occurred_ms: int, received_ms: int) -> bool:
    """More than 24 h ahead of arrival, or more than 400 days old."""
    return not received_ms - PAST_MS <= occurred_ms <= received_ms + FUTURE_MS
