"""Durations as people write them in YAML: `7d`, `1h30m`, `500ms`, `0`.

Does not know calendars: a day is 24 hours, a week 7 days.
"""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `7d`, `1h30m` or `0`.

    Raises:
        ValueError: not a duration; a number without a unit is none, except 0.
    """
    plain = text.strip()
    if plain == "0":
        return 0.0
    if _WHOLE.fullmatch(plain) is None:
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(plain))


def format_duration(seconds: float) -> str:
    """The shortest whole spelling: 604800 → `7d`, 90 → `90s`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:g}{unit}"
    return f"{seconds:g}s"
