"""A message in words for people: subject, plain text and HTML of what the outbox holds.

Does not send, and takes texts of rules for data: control characters go, HTML is escaped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

from alerting.said import ACKNOWLEDGED, FIRING, REMINDER, RESOLVED, TEST, Said, said

Mood = Literal["failure", "warning", "info", "success"]

_MOODS: Mapping[str, Mood] = {"critical": "failure", "warning": "warning", "info": "info"}
_STATES = {
    FIRING: "is firing",
    REMINDER: "is still firing",
    RESOLVED: "is resolved",
    ACKNOWLEDGED: "is acknowledged",
    TEST: "is a test message",
}
_NAMED_FIRST = ("summary", "description", "runbook_url")
_SUBJECT_NAMES = 3

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """`subject`: one line. `mood`: how bad it is, for services that show a colour."""

    subject: str
    text: str
    html: str
    mood: Mood


def words(body: bytes) -> Words:
    """What a message of the outbox says to people."""
    told = said(body)
    texts = [_text(each) for each in told]
    pages = [_html(each) for each in told]
    limit = _limit(json.loads(body)["data"].get("limit"))
    if limit:
        texts.append(limit)
        pages.append(f"<p>{escape(limit)}</p>")
    return Words(_subject(told), "\n\n".join(texts) + "\n", "".join(pages), _mood(told))


def number(value: Any) -> str:
    """A value as people read it: thousands apart, four digits behind what is small; `no value` over nothing."""
    if not isinstance(value, int | float) or value != value:
        return "no value"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def lasting(seconds: float) -> str:
    """A duration as people read it, by its two largest units: `2 h 5 min`, `40 s`."""
    whole = max(0, round(seconds))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def lasted(each: Said) -> float | None:
    """Seconds from an incident's start to its end; None while it is open."""
    given = each.data.get("duration_seconds")
    if given is not None:
        return float(given)
    started, ended = each.data.get("started_at"), each.data.get("ended_at")
    if not started or not ended:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()


def headline(each: Said) -> str:
    """One line on one incident."""
    data = each.data
    if each.kind == TEST:
        return "Test message from NorthStream"
    if each.kind == RESOLVED:
        seconds = lasted(each)
        after = f" after {lasting(seconds)}" if seconds is not None else ""
        return _line(f"[resolved] {data['alert']}{after}: {data['metric']} {_seen(each)}")
    sort = {REMINDER: "still firing, ", ACKNOWLEDGED: "acknowledged, "}.get(each.kind, "")
    condition = f" ({data['condition']})" if data["condition"] else ""
    return _line(f"[{sort}{data['severity']}] {data['alert']}: {data['metric']} {_seen(each)}{condition}")


def _is_absence(data: Mapping[str, Any]) -> bool:
    """Its value is the time since the last one was received."""
    return bool((data.get("comparison") or {}).get("kind") == "absence")


def _seen(each: Said) -> str:
    """The value as a predicate."""
    value = each.data["value"]
    if not _is_absence(each.data) or value is None:
        return f"is {number(value)}"
    return f"was seen {lasting(value)} ago" if each.is_end else f"was last seen {lasting(value)} ago"


def _subject(told: Sequence[Said]) -> str:
    if len(told) == 1:
        return headline(told[0])
    names = list(dict.fromkeys(str(each.data["alert"]) for each in told))
    more = f" and {len(names) - _SUBJECT_NAMES} more" if len(names) > _SUBJECT_NAMES else ""
    ended = sum(each.is_end for each in told)
    count = f"{len(told)} resolved" if ended == len(told) else f"{len(told) - ended} firing, {ended} resolved"
    return _line(f"[{count if ended else f'{len(told)} firing'}] {', '.join(names[:_SUBJECT_NAMES])}{more}")


def _mood(told: Sequence[Said]) -> Mood:
    """That of the worst incident which has not ended."""
    moods = {_MOODS.get(str(each.data["severity"]), "warning") for each in told if not each.is_end}
    return next((mood for mood in ("failure", "warning", "info") if mood in moods), "success")


def _rows(each: Said) -> list[Row]:
    """What there is to say besides the headline, in order, without what is empty."""
    data = each.data
    annotations = data.get("annotations") or {}
    rows: list[Row] = [
        ("Severity", str(data["severity"])),
        ("Owner", str(data["owner"])),
        ("Metric", f"{data['metric']} ({data['bucket']})" if data["metric"] else ""),
        ("Condition", str(data["condition"])),
        ("Value", number(data["value"]) if each.kind != TEST and not _is_absence(data) else ""),
        ("Value at the start", number(data["start_value"]) if data.get("start_value") is not None else ""),
        ("Compared", _compared(data.get("comparison"))),
        ("Started", _instant(data["started_at"])),
        ("Ended", _instant(data["ended_at"])),
    ]
    seconds = lasted(each)
    rows.append(("Lasted", lasting(seconds) if seconds is not None else ""))
    rows += [(str(name), str(value)) for name, value in annotations.items() if name not in _NAMED_FIRST]
    rows.append(("Labels", ", ".join(f"{name}={value}" for name, value in (data.get("labels") or {}).items())))
    rows.append(("Runbook", str(annotations.get("runbook_url", ""))))
    rows.append(("More", str(data["url"])))
    return [(name, _line(value)) for name, value in rows if value]


def _limit(limit: Mapping[str, Any] | None) -> str:
    """That no more will be told on this day, though more may start; empty if it will."""
    if not limit:
        return ""
    whose = "this rule" if limit["of"] == "rule" else "this receiver"
    until = _instant(limit["until"])
    return f"That was the last of {limit['at_most_per_day']} a day for {whose}; other starts wait until {until}."


def _compared(comparison: Mapping[str, Any] | None) -> str:
    """What the value was held against, of rules on changes and anomalies; empty of others."""
    match comparison or {}:
        case {"kind": "change", "baseline": baseline, "change": change, "unit": unit, "against": against}:
            before = "a week before" if against == "last_week" else "in the bucket before"
            return f"{number(baseline)} {before}, a change of {number(change)}{' %' if unit == 'percent' else ''}"
        case {"kind": "anomaly", "baseline": baseline, "z": z}:
            return f"{number(baseline)} is usual, z-score {number(z)}"
    return ""


def _sentences(each: Said) -> list[str]:
    annotations = each.data.get("annotations") or {}
    return [_line(str(annotations[name])) for name in ("summary", "description") if annotations.get(name)]


def _text(each: Said) -> str:
    first = f"{each.data['alert']} {_STATES.get(each.kind, each.kind)}."
    lines = [_line(first), *_sentences(each), "", *(f"{name}: {value}" for name, value in _rows(each))]
    return "\n".join(lines)


def _html(each: Said) -> str:
    title = escape(_line(f"{each.data['alert']} {_STATES.get(each.kind, each.kind)}"))
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in _sentences(each))
    rows = "".join(
        f'<tr><th align="left" style="padding:2px 12px 2px 0">{escape(name)}</th><td>{_cell(value)}</td></tr>'
        for name, value in _rows(each)
    )
    heading = f'<h2 style="font:600 18px sans-serif">{title}</h2>'
    return f'{heading}{sentences}<table style="font:14px sans-serif">{rows}</table>'


def _cell(value: str) -> str:
    """A web address is a link; nothing else is."""
    shown = escape(value)
    if value.startswith(("https://", "http://")) and " " not in value:
        return f'<a href="{shown}">{shown}</a>'
    return shown


def _instant(text: str | None) -> str:
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _line(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
