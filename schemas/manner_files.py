"""Reads the manners of a receiver: quiet hours, how many messages a day, what is told together, reminders.

Does not hold anything back: see `alerting.manners`.
"""

import re
from datetime import time
from zoneinfo import ZoneInfo

from schemas.alerts import SEVERITIES, Manners, QuietHours
from schemas.yaml_lines import did_you_mean
from schemas.yaml_sections import Section

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


def read_manners(section: Section, timezone: str) -> Manners:
    """The value of `manners`. `timezone`: of quiet hours that name none."""
    quiet = section.section("quiet_hours")
    manners = Manners(
        quiet=_read_quiet_hours(quiet, timezone) if quiet is not None else None,
        at_most_per_day=section.whole("at_most_per_day", 0, minimum=0),
        group_by=tuple(dict.fromkeys(name.value for name in section.texts("group_by"))),
        group_wait_seconds=section.duration("group_wait", 0.0),
        remind_every_seconds=section.duration("remind_every", 0.0),
    )
    section.close()
    if manners.group_by and not manners.group_wait_seconds:
        section.report(section.line_of("group_by"), '"group_by" needs "group_wait": how long to wait for others')
    return manners


def _read_quiet_hours(section: Section, timezone: str) -> QuietHours:
    zone = section.text("timezone", timezone)
    quiet = QuietHours(
        start=_read_clock(section, "from"),
        end=_read_clock(section, "to"),
        timezone=zone,
        weekdays=_read_weekdays(section),
        except_for=_read_severities(section) if "except" in section else ("critical",),
    )
    section.close()
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f'"{zone}" is no time zone; write one like UTC or Europe/Paris'
        section.report(section.line_of("timezone"), message)
    return quiet


def _read_clock(section: Section, key: str) -> time:
    """YAML takes 22:00 without quotes for a number: it is read as written. 24:00 is midnight."""
    text = section.version(key, "")
    match = _CLOCK.fullmatch(text)
    if match is None:
        message = f'"{key}" must be a time like "22:00"' if text else f'"{key}" is missing; add it'
        section.report(section.line_of(key), message)
        return time()
    return time(int(match[1]), int(match[2])) if match[1] else time()


def _read_weekdays(section: Section) -> tuple[int, ...]:
    found = set()
    for name in section.texts("weekdays"):
        if name.value in WEEKDAYS:
            found.add(WEEKDAYS.index(name.value))
        else:
            section.report(name.line, f'"{name.value}" is no day; there are {", ".join(WEEKDAYS)}')
    return tuple(sorted(found))


def _read_severities(section: Section) -> tuple[str, ...]:
    names = section.texts("except")
    for name in names:
        if name.value not in SEVERITIES:
            hint = did_you_mean(name.value, SEVERITIES) or f"; it can be {', '.join(SEVERITIES)}"
            section.report(name.line, f'severity "{name.value}" is unknown{hint}')
    return tuple(name.value for name in names)
