"""`northstream alerts backtest`: asks the running product what a rule would have done, and prints or draws it.

Does not judge: the product does.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from northstream.failures import UserError
from northstream.running_product import Api, find_api
from northstream.settings import Settings
from schemas.durations import format_duration

_ANSWER_SECONDS = 300.0
_COLUMNS = 72
_BARS = "▁▂▃▄▅▆▇█"
_FIRING, _QUIET, _UNKNOWN = "▔", " ", "·"
_MOST_ROWS = 20


class Asked(NamedTuple):
    """What the command line asks for. `picture`: where to write it; None: nowhere."""

    rule: str
    days: int
    condition: str = ""
    picture: Path | None = None
    as_json: bool = False


def run_backtest(settings: Settings, asked: Asked) -> int:
    """Print it, and write its picture if one is wanted.

    Raises:
        UserError: no product runs, it knows no such rule or no past of it, or the picture cannot be written.
    """
    api = find_api(settings)
    found = _ask(api, "/api/alerts/backtest", asked).json()
    if asked.picture is not None:
        _write(asked.picture, _ask(api, "/api/alerts/backtest.svg", asked).content)
    print(json.dumps(found, ensure_ascii=False, indent=2) if asked.as_json else in_text(found))
    return 0


def in_text(found: dict[str, Any]) -> str:
    """For a terminal."""
    zone = ZoneInfo(found["timezone"])
    first, last = (_moment(found[end]).astimezone(zone).date() for end in ("from", "to"))
    bucket = "" if found["steps"] == "silence" else f" ({found['bucket']} bucket)"
    lines = [
        f"{found['rule']}: {found['metric']}{bucket} {found['condition']}",
        f"{first} to {last}, {found['timezone']}",
        "",
        *_drawn(found),
        "",
        *(f"  {fact}" for fact in found["summary"]),
        *_incidents(found["incidents"], zone),
        *_suggestions(found["suggestions"]),
        "",
        *(f"  {limit['text']}" for limit in found["limits"]),
    ]
    return "\n".join(lines)


def _drawn(found: dict[str, Any]) -> list[str]:
    """A line of bars, the highest value of each piece of time, and below it where the rule fired."""
    first, last = _unix(found["from"]), _unix(found["to"])
    wide = max(1.0, last - first)
    highest: list[float | None] = [None] * _COLUMNS
    marks = [*((_unix(mark["at"]), mark["value"]) for mark in found["series"]), (last, None)]
    for (begins, value), (ends, _) in pairwise(marks):
        for column in _columns(begins - first, ends - first, wide) if value is not None else ():
            highest[column] = value if highest[column] is None else max(value, highest[column] or value)
    firing = {
        column
        for incident in found["incidents"]
        for column in _columns(
            _unix(incident["started_at"]) - first, _unix(incident["ended_at"] or found["to"]) - first, wide
        )
    }
    under = "".join(_FIRING if column in firing else _QUIET for column in range(_COLUMNS)).rstrip()
    return [f"  {_bars(highest)}", f"  {under}  {'' if firing else '(never fired)'}".rstrip()]


def _columns(begins: float, ends: float, wide: float) -> range:
    first = min(_COLUMNS - 1, int(begins / wide * _COLUMNS))
    return range(first, max(first + 1, min(_COLUMNS, int(ends / wide * _COLUMNS))))


def _bars(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    wide = (high - low) or 1.0
    return "".join(
        _UNKNOWN if value is None else _BARS[round((value - low) / wide * (len(_BARS) - 1))] for value in values
    )


def _incidents(incidents: Sequence[dict[str, Any]], zone: ZoneInfo) -> list[str]:
    if not incidents:
        return []
    shown = incidents[-_MOST_ROWS:]
    left_out = len(incidents) - len(shown)
    more = [f"  … {left_out} before"] if left_out else []
    return [
        "",
        f"  {'started':<18}{'lasted':>10}{'value':>12}{'worst':>12}",
        *more,
        *(_row(one, zone) for one in shown),
    ]


def _row(incident: dict[str, Any], zone: ZoneInfo) -> str:
    started = _moment(incident["started_at"]).astimezone(zone)
    lasted = "open" if incident["ended_at"] is None else _length(incident["duration_seconds"])
    flap = "  flap" if incident["flap"] else ""
    return (
        f"  {started:%Y-%m-%d %H:%M}  {lasted:>10}{_number(incident['value']):>12}{_number(incident['peak']):>12}{flap}"
    )


def _suggestions(suggestions: Sequence[dict[str, Any]]) -> list[str]:
    if not suggestions:
        return []
    rows = [f"  {each['condition']:<40}{each['incidents']:>4}" for each in suggestions]
    return ["", f"  {'other thresholds':<36}incidents", *rows]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.6g}"


def _length(seconds: float) -> str:
    return format_duration(round(seconds / 60) * 60 if seconds >= 60 else round(seconds))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _unix(text: str) -> float:
    return _moment(text).timestamp()


def _ask(api: Api, path: str, asked: Asked) -> httpx.Response:
    parameters = {"rule": asked.rule, "days": str(asked.days), "condition": asked.condition, "lang": "en"}
    try:
        answer = httpx.get(
            api.url + path,
            params={name: value for name, value in parameters.items() if value},
            headers={"Authorization": f"Bearer {api.secret_key}"},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise UserError(
            f"nothing answers at {api.url} ({error}); name the port that it runs on with --port, "
            "the boards of a cluster with --boards-url"
        ) from error
    if answer.status_code != 200:
        raise UserError(_refusal(api, answer))
    return answer


def _refusal(api: Api, answer: httpx.Response) -> str:
    sentence = re.sub(r"\s+", " ", answer.text)[:300]
    if answer.headers.get("content-type", "").startswith("application/json"):
        sentence = str(answer.json().get("message", sentence))
    return sentence if answer.status_code in (404, 422) else f"{api.url} answers {answer.status_code}: {sentence}"


def _write(file: Path, picture: bytes) -> None:
    try:
        file.write_bytes(picture)
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}); name another file") from error
