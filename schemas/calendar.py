"""Calendar days of the workspace's time zone, counted as days since 1970-01-01.

Does not read a clock: instants are arguments (Unix milliseconds).
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_QUARTER_MS = HOUR_MS // 4


class Calendar:
    """Maps instants to workspace days; remembers quarters of an hour, so a look-up is one dict hit.

    No zone in use since 1972 has an offset or a change that is not a whole number of quarters of an hour.
    """

    def __init__(self, timezone: str = "UTC") -> None:
        self.zone = ZoneInfo(timezone)
        self._utc = timezone == "UTC"
        self._day_by_quarter: dict[int, int] = {}

    def day_of(self, instant_ms: int) -> int:
        """The workspace day (days since 1970-01-01) that contains the instant."""
        if self._utc:
            return instant_ms // DAY_MS
        quarter = instant_ms // _QUARTER_MS
        day = self._day_by_quarter.get(quarter)
        if day is None:
            local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self.zone)
            day = self._day_by_quarter[quarter] = day_number(local.date())
        return day

    def start_of(self, day: int) -> int:
        """The first instant (Unix ms) of a workspace day; days may last 23 or 25 hours."""
        if self._utc:
            return day * DAY_MS
        guess = day * DAY_MS - 15 * HOUR_MS
        low, high = guess // _QUARTER_MS, (guess + 31 * HOUR_MS) // _QUARTER_MS
        while low < high:
            middle = (low + high) // 2
            if self.day_of(middle * _QUARTER_MS) < day:
                low = middle + 1
            else:
                high = middle
        return low * _QUARTER_MS


def day_number(day: date) -> int:
    return (day - EPOCH).days


def day_date(number: int) -> date:
    return EPOCH + timedelta(days=number)
