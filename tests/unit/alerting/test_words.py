"""What people read of a message: subject, text and HTML, by kind."""

import json

import pytest

from alerting.wished import trial
from alerting.words import lasting, number, words

DATA = {
    "alert_id": "a1",
    "alert": "SignupsHigh",
    "metric": "signups",
    "bucket": "running",
    "value": 1234567.0,
    "condition": "> 20",
    "severity": "critical",
    "owner": "growth",
    "started_at": "2026-11-22T10:00:00.000Z",
    "ended_at": None,
    "labels": {"team": "web"},
    "annotations": {"summary": "Many signups, même la nuit", "runbook_url": "https://x/run?a=1&b=2", "since": "v2"},
    "url": "http://x/alerts?rule=product/SignupsHigh",
}
ENDED = DATA | {"value": 3.5, "ended_at": "2026-11-22T12:05:40.000Z", "start_value": 30.0}


def said(kind, **data):
    return words(json.dumps({"type": kind, "timestamp": "", "data": data}).encode())


def test_a_start_says_what_is_wrong_with_whom_and_where_to_look():
    """Everything of contracts §7 that a person can use, one thing a line."""
    message = said("alert.firing", **DATA)
    assert message.subject == "[critical] SignupsHigh: signups is 1,234,567 (> 20)"
    assert message.mood == "failure"
    assert message.text.split("\n") == [
        "SignupsHigh is firing.",
        "Many signups, même la nuit",
        "",
        "Severity: critical",
        "Owner: growth",
        "Metric: signups (running)",
        "Condition: > 20",
        "Value: 1,234,567",
        "Started: 2026-11-22 10:00:00 UTC",
        "since: v2",
        "Labels: team=web",
        "Runbook: https://x/run?a=1&b=2",
        "More: http://x/alerts?rule=product/SignupsHigh",
        "",
    ]
    assert '<a href="https://x/run?a=1&amp;b=2">' in message.html


def test_an_end_says_how_long_it_lasted_and_what_the_value_was():
    """The product's own figure of the duration counts before what the times say."""
    message = said("alert.resolved", **ENDED)
    assert message.subject == "[resolved] SignupsHigh after 2 h 5 min: signups is 3.5"
    assert message.mood == "success"
    for line in ("Value: 3.5", "Value at the start: 30", "Lasted: 2 h 5 min", "Ended: 2026-11-22 12:05:40 UTC"):
        assert line in message.text.split("\n")
    assert "after 40 s" in said("alert.resolved", **ENDED, duration_seconds=40).subject


@pytest.mark.parametrize(
    ("comparison", "line"),
    [
        (
            {"kind": "change", "against": "last_week", "unit": "percent", "baseline": 1200.0, "change": -42.5},
            "Compared: 1,200 a week before, a change of -42.5 %",
        ),
        (
            {"kind": "change", "against": "previous", "unit": "absolute", "baseline": 12.0, "change": 18.0},
            "Compared: 12 in the bucket before, a change of 18",
        ),
        (
            {"kind": "anomaly", "baseline": 80.0, "spread": 3.0, "z": 4.25, "points": 8},
            "Compared: 80 is usual, z-score 4.25",
        ),
    ],
)
def test_what_the_value_was_held_against_is_told(comparison, line):
    """A change without what was before says little. Of a threshold the condition says it all."""
    assert line in said("alert.firing", **DATA, comparison=comparison).text.split("\n")
    assert "Compared" not in said("alert.firing", **DATA, comparison={"kind": "threshold"}).text


def test_absence_is_told_as_a_time():
    """Its value is in seconds, which nobody would guess."""
    absence = {"comparison": {"kind": "absence", "seconds": 7_500.0}, "value": 7_500.0, "condition": "absent for 2h"}
    message = said("alert.firing", **DATA | absence)
    assert message.subject == "[critical] SignupsHigh: signups was last seen 2 h 5 min ago (absent for 2h)"
    assert "Value:" not in message.text


def test_a_reminder_says_that_it_is_one():
    """Nobody takes it for a new incident."""
    message = said("alert.reminder", **DATA)
    assert message.subject.startswith("[still firing, critical] SignupsHigh")
    assert message.text.startswith("SignupsHigh is still firing.")


def test_a_group_names_the_first_and_tells_of_all():
    """Its mood is that of the worst that has not ended."""
    parts = [{"type": "alert.firing", **DATA, "alert": f"A{n}", "severity": "warning"} for n in range(4)]
    parts.append({"type": "alert.resolved", **ENDED})
    message = said("alert.group", group_by={}, alerts=parts)
    assert message.subject == "[4 firing, 1 resolved] A0, A1, A2 and 2 more"
    assert message.mood == "warning"
    assert all(f"A{n} is firing." in message.text for n in range(4))
    assert "SignupsHigh is resolved." in message.text


def test_the_last_message_of_a_day_says_so():
    """Nobody takes the silence that follows for good news."""
    limit = {"of": "rule", "at_most_per_day": 3, "until": "2026-11-22T23:00:00.000Z"}
    sentence = "That was the last of 3 a day for this rule; other starts wait until 2026-11-22 23:00:00 UTC."
    assert sentence in said("alert.firing", **DATA, limit=limit).text.split("\n")
    grouped = said("alert.group", alerts=[{"type": "alert.firing", **DATA}], limit=limit | {"of": "receiver"})
    assert "a day for this receiver" in grouped.html


def test_a_test_message_says_that_nothing_is_wrong():
    """It has no value and no condition."""
    message = words(trial("chat", "w1", 1_795_341_600_000, "http://x/").body)
    assert message.subject == "Test message from NorthStream"
    assert "NorthStream can reach the receiver chat. Nothing is wrong" in message.text
    assert "Value" not in message.text
    assert message.mood == "info"


def test_texts_of_rules_are_data():
    """No markup, no second line, no link but to the web, no control characters."""
    evil = {"summary": "<script>alert(1)</script>\r\nBcc: x\x1b[31m", "runbook_url": "javascript:alert(1)"}
    message = said("alert.firing", **DATA | {"alert": "<b>\r\nX", "annotations": evil})
    assert "<script" not in message.html
    assert "<b>" not in message.html
    assert 'href="javascript' not in message.html
    assert "\x1b" not in message.text
    assert message.subject == "[critical] <b> X: signups is 1,234,567 (> 20)"
    assert "Bcc: x" not in message.text.split("\n")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "no value"), (0.0, "0"), (-30.0, "-30"), (0.01234567, "0.01235"), (1234.56, "1,234.6"), (12.5, "12.5")],
)
def test_numbers_are_short(value, shown):
    """Thousands apart, four digits of what is small."""
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59.6, "1 min"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h"), (86_400, "1 d")]
)
def test_durations_are_told_by_their_two_largest_units(seconds, shown):
    """Seconds are of no interest after an hour."""
    assert lasting(seconds) == shown
