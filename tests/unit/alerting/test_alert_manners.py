"""Who hears of what when: the table cases/manners.yaml, and what the log and the pages say of it.

Does not test random histories: see tests/properties/test_alert_noise.py.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerting.noise import noise
from alerting.notices import Acknowledged, News
from alerting.payload import facts, instant
from alerting.rule_states import Stored
from alerting.states import RuleState, State
from alerting.store import AlertStore
from alerting.teller import Teller
from schemas.alert_controls import Matcher, Silence
from schemas.alerts import AlertDefinitions, AlertRule, Manners, MetricSubject, QuietHours
from schemas.calendar import Calendar
from schemas.notes import Stamp

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "manners.yaml").read_text())
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS = {"alert.firing": "starts", "alert.resolved": "ends"}


def unix_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def manners_of(case: Mapping[str, Any]) -> Manners:
    quiet = None
    if "quiet" in case:
        given = case["quiet"]
        quiet = QuietHours(
            time.fromisoformat(given["from"]),
            time.fromisoformat(given["to"]),
            given["timezone"],
            tuple(DAYS.index(day) for day in given.get("weekdays", ())),
            tuple(given.get("except", ["critical"])),
        )
    return Manners(
        quiet,
        case.get("receiver_at_most_per_day", 0),
        tuple(case.get("group_by", ())),
        case.get("group_wait", 0.0),
        case.get("remind_every", 0.0),
    )


def definitions_of(case: Mapping[str, Any]) -> AlertDefinitions:
    rules = tuple(
        AlertRule(
            name,
            "product",
            MetricSubject("signups"),
            "running",
            ">",
            20.0,
            ("ops",),
            owner="growth",
            at_most_per_day=case.get("rule_at_most_per_day", 0),
            labels={"severity": "critical" if name in case.get("critical", ()) else case.get("severity", "warning")},
        )
        for name in ("A", "B", "C")
    )
    return AlertDefinitions(rules=rules, manners={"ops": manners_of(case)})


class Story:
    """What happens in a case, over a real file; each look is made by an alerter that was just started."""

    def __init__(self, case: Mapping[str, Any], path: Path) -> None:
        self.definitions = definitions_of(case)
        self.calendar = Calendar(case.get("days_of", "UTC"))
        self.path = path
        self.silences: list[Silence] = []

    def happen(self, store: AlertStore, event: str, now_ms: int) -> None:
        match event.split(" "):
            case ["-"]:
                pass
            case [incident, "starts" | "ends" as what]:
                self.record(store, incident, "firing" if what == "starts" else "resolved", now_ms)
            case [incident, "is", "acknowledged"]:
                with store.database.transaction() as connection:
                    assert store.notices.acknowledge(connection, incident, Acknowledged("Ana", now_ms, ""))
            case [rule, "is", "silenced", "until", *until]:
                stamp = Stamp(f"s{len(self.silences)}")
                ends_ms = unix_ms(" ".join(until))
                self.silences.append(Silence(stamp, (Matcher("alert", rule),), now_ms, ends_ms))
                store.controls.keep_silences(self.silences)
            case ["the", "silence", "is", "over"]:
                store.controls.keep_silences([])
            case ["ops", "leaves", rule]:
                left = tuple(
                    replace(each, receivers=()) if each.alert == rule else each for each in self.definitions.rules
                )
                self.definitions = replace(self.definitions, rules=left)
            case _:
                pytest.fail(f"what is {event!r}?")

    def record(self, store: AlertStore, incident: str, kind: Any, now_ms: int) -> None:
        rule = next(each for each in self.definitions.rules if each.alert == incident[0])
        told = {**facts(rule), "alert_id": incident, "value": 30.0, "started_at": instant(now_ms), "rule": rule.key}
        news = News(kind, incident, rule.key, rule.receivers, told, now_ms)
        store.record(rule.key, Stored(RuleState(State.INACTIVE, now_ms), facts(rule)), [], news)

    def look(self, event: str, now_ms: int) -> tuple[list[str], str]:
        """What is told at this look, and why the rest is not."""
        store = AlertStore(self.path)
        for each in event.split("; "):
            self.happen(store, each, now_ms)
        before = len(store.outbox.messages())
        logged = len(store.log.rows())
        teller = Teller(store, self.calendar, self.definitions)
        teller.tell(now_ms)
        teller.tell(now_ms, {})
        count = len(store.outbox.messages()) - before
        bodies = store.database.read("SELECT body FROM messages ORDER BY seq DESC LIMIT ?", (count,))
        dropped = [row["detail"] for _, row in store.log.rows()[logged:] if row["status"] == "dropped"]
        why = {notice.held.reason.value for notice in store.notices.open() if notice.held} | set(dropped)
        with store.database.transaction() as connection:
            # Whoever was told has it, so that reminders do not wait for it.
            connection.execute("UPDATE messages SET status = 'delivered', tried_ms = created_ms")
        store.close()
        return sorted(_in_words(json.loads(body)) for [body] in bodies), ", ".join(sorted(why)) or "-"


def _in_words(message: Mapping[str, Any]) -> str:
    data = message["data"]
    last = " (last today)" if "limit" in data else ""
    if message["type"] == "alert.reminder":
        return f"{data['alert_id']} reminder {data['reminder']}"
    alerts = data["alerts"] if message["type"] == "alert.group" else [{"type": message["type"], **data}]
    return " + ".join(f"{each['alert_id']} {WORDS[each['type']]}" for each in alerts) + last


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_people_hear_what_the_table_says(case: dict[str, Any], tmp_path: Path) -> None:
    """Each row of cases/manners.yaml: at this time this is told, and this is why the rest is not."""
    story = Story(case, tmp_path / "alerts.db")
    for moment, event, told, why in case["steps"]:
        found = story.look(event, unix_ms(moment))
        assert (moment, *found) == (moment, [] if told == "-" else told.split("; "), why)


def test_what_is_kept_from_people_is_logged_once_and_shown(tmp_path: Path) -> None:
    """A hold is one row however often it is looked at, its release another; the pages show why and until when."""
    story = Story({}, tmp_path / "alerts.db")
    start_ms = unix_ms("2026-03-02 10:00:00")
    story.look("A is silenced until 2026-03-02 12:00:00; A starts", start_ms)
    for minute in (1, 2):
        story.look("-", start_ms + minute * 60_000)
    store = AlertStore(story.path)
    shown = noise(store, story.definitions, start_ms)["product/A"]
    store.close()
    assert shown == {
        "held": {"ops": "silenced"},
        "silenced_until": "2026-03-02T12:00:00.000Z",
        "acknowledged": None,
        "incidents_30d": 1,
        "noise_budget": 10,
        "over_budget": False,
    }
    story.look("-", unix_ms("2026-03-02 12:00:00"))
    story.look("A is acknowledged", unix_ms("2026-03-02 12:01:00"))
    store = AlertStore(story.path)
    rows = [row for _, row in store.log.rows()]
    after = noise(store, story.definitions, unix_ms("2026-03-02 12:01:00"))["product/A"]
    store.close()
    assert [(row["kind"], row["status"], row["receiver"], row["message"], row["detail"]) for row in rows] == [
        ("notice", "held", "ops", "msg_A_firing", "silenced until 2026-03-02T12:00:00.000Z"),
        ("notice", "sent", "ops", "msg_A_firing", "after silenced"),
    ]
    assert (after["held"], after["silenced_until"]) == ({}, None)
    assert after["acknowledged"] == {"by": "Ana", "at": "2026-03-02T12:01:00.000Z", "note": ""}


def test_a_rule_with_more_incidents_than_its_budget_is_over_it(tmp_path: Path) -> None:
    """Those that began in the last 30 days count, whoever heard of them."""
    story = Story({}, tmp_path / "alerts.db")
    story.definitions = replace(
        story.definitions, rules=tuple(replace(rule, noise_budget=2, receivers=()) for rule in story.definitions.rules)
    )
    for day, incident in enumerate(("A", "A2", "A3")):
        story.look(f"{incident} starts; {incident} ends", unix_ms(f"2026-03-0{day + 1} 10:00:00"))
    store = AlertStore(story.path)
    for until, count, is_over in (("2026-03-31 09:59:59", 3, True), ("2026-03-31 10:00:01", 2, False)):
        shown = noise(store, story.definitions, unix_ms(until))["product/A"]
        assert (shown["incidents_30d"], shown["over_budget"]) == (count, is_over)
    store.close()


def test_the_end_says_how_long_it_lasted_and_what_the_value_was(tmp_path: Path) -> None:
    """Also over a restart between the two; what was annotated at the start is repeated by the rule's facts."""
    story = Story({}, tmp_path / "alerts.db")
    story.look("A starts", unix_ms("2026-03-02 10:00:00"))
    story.look("A ends", unix_ms("2026-03-02 11:30:00"))
    store = AlertStore(story.path)
    [[body]] = store.database.read("SELECT body FROM messages WHERE webhook_id = 'msg_A_resolved'")
    store.close()
    data = json.loads(body)["data"]
    assert (data["duration_seconds"], data["start_value"]) == (5400.0, 30.0)
