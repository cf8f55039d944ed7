"""Quiet hours by the clock of a place: whether it is quiet at an instant, and until when.

Does not read a clock. Of a local time that comes twice (clocks go back) the first counts; one that never comes (clocks
go forward) is as much later.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.alerts import QuietHours


def quiet_until(quiet: QuietHours, now_ms: int) -> int | None:
    """The end (Unix ms) of the quiet hours that contain the instant, start included; None: it is not quiet."""
    today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(quiet.timezone)).date()
    for day in (today, today - timedelta(days=1)):
        if quiet.weekdays and day.weekday() not in quiet.weekdays:
            continue
        start_ms, end_ms = _hours_of(quiet, day)
        if start_ms <= now_ms < end_ms:
            return end_ms
    return None


def _hours_of(quiet: QuietHours, day: date) -> tuple[int, int]:
    """Those that begin on a day; from a time to the same time is a whole day."""
    zone = ZoneInfo(quiet.timezone)
    last = day if quiet.end > quiet.start else day + timedelta(days=1)
    start, end = datetime.combine(day, quiet.start, zone), datetime.combine(last, quiet.end, zone)
    return int(start.astimezone(UTC).timestamp() * 1000), int(end.astimezone(UTC).timestamp() * 1000)
