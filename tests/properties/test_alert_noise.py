"""Whatever happens between an incident and the people who hear of it: each is told once, in time, and nothing is lost.

Does not check single cases: see tests/unit/alerting/cases/manners.yaml.
"""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerting.database import Database
from alerting.notices import News
from alerting.outbox import Outbox, Outgoing
from alerting.payload import facts, instant
from alerting.quiet import quiet_until
from alerting.rule_states import Stored
from alerting.states import RuleState, State
from alerting.store import AlertStore
from alerting.teller import Teller
from schemas.alert_controls import Matcher, Silence
from schemas.alerts import AlertDefinitions, AlertRule, Manners, MetricSubject, QuietHours
from schemas.calendar import DAY_MS, Calendar
from schemas.notes import Stamp

RULES = ("A", "B", "C")
RECEIVERS = ("ops", "team", "boss")
START_MS = 1_772_445_600_000
MOST_OF_RULE, MOST_TO_BOSS = 1, 1
QUIET = QuietHours(time(22), time(7), "Europe/Paris")
MANNERS = {
    "team": Manners(quiet=QUIET, group_by=("severity",), group_wait_seconds=600.0, remind_every_seconds=7200.0),
    "boss": Manners(quiet=QUIET, at_most_per_day=MOST_TO_BOSS),
}


def alert_rule(name: str, receivers: tuple[str, ...] = RECEIVERS) -> AlertRule:
    severity = "critical" if name == "C" else "warning"
    most = MOST_OF_RULE if name == "A" else 0
    return AlertRule(
        name,
        "product",
        MetricSubject("signups"),
        "running",
        ">",
        20.0,
        receivers,
        at_most_per_day=most,
        labels={"severity": severity},
    )


class FullOutbox(Outbox):
    """Takes a number of messages, then the disk is full."""

    def __init__(self, database: Database, room: int) -> None:
        super().__init__(database)
        self.room = room

    def put(self, connection: sqlite3.Connection, messages: Iterable[Outgoing]) -> None:
        self.room -= 1
        if self.room < 0:
            raise sqlite3.OperationalError("database or disk is full")
        super().put(connection, messages)


class Noise(RuleBasedStateMachine):
    """Incidents of three rules, three receivers with manners, and an alerter that is killed and edited meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = AlertStore(Path(self.folder.name) / "alerts.db")
        self.by_name = {name: alert_rule(name) for name in RULES}
        self.silences: dict[str, Silence] = {}
        self.open: dict[str, str] = {}
        self.owed: dict[str, tuple[str, ...]] = {}
        self.ended: set[str] = set()
        self.starts: Counter[tuple[str, str]] = Counter()
        self.ends: Counter[tuple[str, str]] = Counter()
        self.today: Counter[tuple[str, str, int]] = Counter()
        self.seen = 0

    @initialize(hour=st.integers(0, 23))
    def begin(self, hour: int) -> None:
        self.now_ms = START_MS + hour * 3_600_000

    @rule(minutes=st.sampled_from((0, 1, 9, 10, 61, 600, 1440)))
    def wait(self, minutes: int) -> None:
        self.now_ms += minutes * 60_000

    @rule(name=st.sampled_from(RULES), is_seen=st.booleans())
    def turn(self, name: str, is_seen: bool) -> None:
        """The rule's incident starts or, if one is open, ends; perhaps nobody looks before the next thing happens."""
        self.now_ms += 1
        self.record(name)
        if is_seen:
            self.look()

    def record(self, name: str) -> None:
        judged = self.by_name[name]
        kind: Any = "resolved" if name in self.open else "firing"
        if kind == "firing":
            self.open[name] = f"{name}{len(self.owed)}"
            self.owed[self.open[name]] = judged.receivers
        incident = self.open[name]
        if kind == "resolved":
            self.ended.add(self.open.pop(name))
        told = {
            **facts(judged),
            "alert_id": incident,
            "value": 1.0,
            "started_at": instant(self.now_ms),
            "rule": judged.key,
        }
        news = News(kind, incident, judged.key, judged.receivers, told, self.now_ms)
        self.store.record(judged.key, Stored(RuleState(State.INACTIVE, 0), facts(judged)), [], news)

    @rule(name=st.sampled_from(RULES), hours=st.integers(1, 30))
    def silence(self, name: str, hours: int) -> None:
        ends_ms = self.now_ms + hours * 3_600_000
        self.silences[name] = Silence(Stamp(name), (Matcher("alert", name),), self.now_ms, ends_ms)
        self.store.controls.keep_silences(list(self.silences.values()))

    @rule(name=st.sampled_from(RULES), receivers=st.sets(st.sampled_from(RECEIVERS)))
    def edit(self, name: str, receivers: set[str]) -> None:
        self.by_name[name] = alert_rule(name, tuple(sorted(receivers)))

    @rule()
    def kill(self) -> None:
        self.store.close()
        self.store = AlertStore(Path(self.folder.name) / "alerts.db")

    @rule()
    def look(self) -> None:
        definitions = AlertDefinitions(tuple(self.by_name.values()), manners=MANNERS)
        Teller(self.store, Calendar(), definitions).tell(self.now_ms, {})
        self.hear()

    @rule(messages=st.integers(0, 2))
    def look_on_a_full_disk(self, messages: int) -> None:
        """The look breaks off behind so many messages: then it did not happen."""
        whole, self.store.outbox = self.store.outbox, FullOutbox(self.store.database, messages)
        try:
            self.look()
        except sqlite3.OperationalError:
            self.hear()
        finally:
            self.store.outbox = whole

    def hear(self) -> None:
        """What came to the outbox since the last time, checked as of now."""
        found = self.store.database.read(
            "SELECT seq, receiver, body FROM messages WHERE seq > ? ORDER BY seq", (self.seen,)
        )
        for seq, receiver, body in found:
            self.seen = seq
            message = json.loads(body)
            told = message["data"].get("alerts") or [{"type": message["type"], **message["data"]}]
            for each in told:
                self.check(receiver, each)
            if any(each["type"] == "alert.firing" for each in told):
                self.today[receiver, "", self.now_ms // DAY_MS] += 1
        if found:
            with self.store.database.transaction() as connection:
                connection.execute("UPDATE messages SET status = 'delivered', tried_ms = created_ms")

    def check(self, receiver: str, told: dict[str, Any]) -> None:
        incident, name = told["alert_id"], told["alert"]
        silence = self.silences.get(name)
        assert silence is None or self.now_ms >= silence.ends_ms, "told under a silence"
        if receiver in MANNERS and name != "C":
            assert quiet_until(QUIET, self.now_ms) is None, "told in quiet hours"
        if told["type"] == "alert.firing":
            assert receiver in self.owed[incident]
            assert incident not in self.ended, "a start after its end"
            self.starts[incident, receiver] += 1
            self.today[receiver, name, self.now_ms // DAY_MS] += 1
        elif told["type"] == "alert.resolved":
            assert incident in self.ended
            assert self.starts[incident, receiver] == 1, "an end without a start"
            self.ends[incident, receiver] += 1
        else:
            assert (told["type"], receiver) == ("alert.reminder", "team")
            assert self.starts[incident, receiver] == 1
            assert not self.ends[incident, receiver]

    @invariant()
    def nothing_is_told_twice_or_too_often(self) -> None:
        assert not [key for key, count in (self.starts + self.ends).items() if count > 2]
        assert max(self.starts.values(), default=0) <= 1
        assert max(self.ends.values(), default=0) <= 1
        for (receiver, name, _), count in self.today.items():
            assert name != "A" or count <= MOST_OF_RULE
            assert name or receiver != "boss" or count <= MOST_TO_BOSS

    def teardown(self) -> None:
        """Days go by without another incident: whatever may be told is told then."""
        if self.owed:
            for _ in range(40):
                self.now_ms += 6 * 3_600_000
                self.look()
            self.nothing_is_told_twice_or_too_often()
            self.nothing_is_forgotten()
        self.store.close()
        self.folder.cleanup()

    def nothing_is_forgotten(self) -> None:
        assert self.store.notices.open() == []
        for incident, receivers in self.owed.items():
            for receiver in receivers:
                if incident in self.ended:
                    assert self.starts[incident, receiver] == self.ends[incident, receiver]
                elif receiver in self.by_name[incident[0]].receivers:
                    assert self.starts[incident, receiver] or self.left(incident, receiver)

    def left(self, incident: str, receiver: str) -> bool:
        """The receiver was taken from the rule while the start waited, and came back later."""
        rows = [row for _, row in self.store.log.rows(100_000)]
        dropped = [(row["alert_id"], row["receiver"]) for row in rows if row["detail"] == "not_a_receiver"]
        return (incident, receiver) in dropped


TestNoise: Any = Noise.TestCase
TestNoise.settings = settings(max_examples=10, stateful_step_count=30, deadline=None)
