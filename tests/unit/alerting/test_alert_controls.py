"""What people ask is done once: incidents acknowledged, test messages, dead letters again; silences outlive an outage.

Does not read the warehouse: see tests/integration/alerting/test_alert_controls_store.py.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from alerting.controls import Controls
from alerting.notice_store import Fate
from alerting.notices import News
from alerting.rule_states import Stored
from alerting.states import RuleState, State
from alerting.store import AlertStore
from alerting.teller import Teller
from schemas.alert_controls import Acknowledgement, Matcher, Silence, Wish
from schemas.alerts import AlertDefinitions, PagerDutyReceiver, WebhookReceiver
from schemas.notes import Stamp
from schemas.reading import ReadingUnavailable

NOW_MS = 1_772_445_600_000
TOLD = {"alert": "A", "group": "product", "alert_id": "a1", "value": 3.0, "severity": "warning", "labels": {}}
OPS = AlertDefinitions(
    receivers=(WebhookReceiver("ops", "http://127.0.0.1:9/hook", "whsec_x"), PagerDutyReceiver("pager", "key"))
)


class Asked:
    """What people asked; it may be out of reach."""

    def __init__(self) -> None:
        self.controls: list[Silence | Acknowledgement | Wish] = []
        self.is_away = False

    def silences(self, from_ms: int) -> Sequence[Silence]:
        self._reach()
        return [each for each in self.controls if isinstance(each, Silence) and each.ends_ms > from_ms]

    def acknowledgements(self, from_ms: int) -> Sequence[Acknowledgement]:
        return [each for each in self.controls if isinstance(each, Acknowledgement) and each.at_ms >= from_ms]

    def wishes(self, from_ms: int) -> Sequence[Wish]:
        return [each for each in self.controls if isinstance(each, Wish) and each.at_ms >= from_ms]

    def append(self, control: Silence | Acknowledgement | Wish) -> None:
        self.controls.append(control)

    def _reach(self) -> None:
        if self.is_away:
            raise ReadingUnavailable("the warehouse restarts")


@pytest.fixture
def asked() -> Asked:
    return Asked()


def controls_of(asked: Asked, store: AlertStore) -> Controls:
    return Controls(asked, store, lambda: OPS, lambda: NOW_MS, "http://127.0.0.1:8000")


def begin_incident(store: AlertStore, *receivers: str) -> None:
    news = News("firing", "a1", "product/A", receivers or ("ops",), TOLD, NOW_MS)
    store.record("product/A", Stored(RuleState(State.FIRING, NOW_MS), {}), [], news)
    Teller(store).tell(NOW_MS)


def messages(store: AlertStore) -> list[tuple[str, str]]:
    return [(each["webhook_id"], each["status"]) for each in store.outbox.messages()]


def test_the_first_acknowledgement_of_an_incident_is_kept_and_logged_once(asked: Asked, store: AlertStore) -> None:
    """Another person, another look, an incident that nobody knows: nothing more happens."""
    begin_incident(store)
    asked.controls += [Acknowledgement("a1", NOW_MS, "Ana", "on it"), Acknowledgement("a1", NOW_MS + 1, "Bo")]
    asked.append(Acknowledgement("nobody", NOW_MS))
    for _ in range(2):
        controls_of(asked, store).look()
    assert store.notices.acknowledged()["product/A"].by == "Ana"
    [row] = [row for _, row in store.log.rows()]
    assert (row["kind"], row["alert_id"], row["detail"]) == ("acknowledged", "a1", "Ana: on it")


def test_an_incident_that_was_acknowledged_long_ago_stays_so_with_another_alerter(
    asked: Asked, store: AlertStore
) -> None:
    """Its file knows the incident from the log, and nothing of who has it in hand."""
    began_ms = NOW_MS - 10 * 86_400_000
    news = News("firing", "a1", "product/A", ("ops",), TOLD, began_ms)
    store.adopt({}, [(news, {"ops": "told"})])
    asked.append(Acknowledgement("a1", began_ms + 60_000, "Ana"))
    controls_of(asked, store).look()
    assert store.notices.acknowledged()["product/A"].by == "Ana"


def test_a_pager_that_heard_of_the_start_is_told_that_somebody_has_it(asked: Asked, store: AlertStore) -> None:
    """Once, and no other kind of receiver: to them it would be one more message."""
    begin_incident(store, "ops", "pager")
    asked.append(Acknowledgement("a1", NOW_MS, "Ana"))
    assert [controls_of(asked, store).look() for _ in range(2)] == [True, False]
    found = store.database.read("SELECT receiver, type FROM messages WHERE webhook_id = 'msg_a1_acknowledged'")
    assert found == [("pager", "alert.acknowledged")]


def test_a_test_message_is_sent_once_also_over_a_restart(asked: Asked, tmp_path: Path) -> None:
    """Only to a receiver that exists; nobody waits any more for one of an hour ago."""
    asked.controls += [Wish("w1", "test", "ops", NOW_MS), Wish("w2", "test", "nobody", NOW_MS)]
    asked.append(Wish("w0", "test", "ops", NOW_MS - 3_600_000))
    sent = []
    for _ in range(2):
        store = AlertStore(tmp_path / "alerts.db")
        sent.append(controls_of(asked, store).look())
        assert messages(store) == [("msg_test_w1", "pending")]
        store.close()
    assert sent == [True, False]


def test_a_dead_letter_is_sent_again_once_for_each_wish(asked: Asked, store: AlertStore) -> None:
    """It dies again: another wish is needed to send it a third time."""
    begin_incident(store)
    for wish in ("w1", "w2"):
        letter = store.outbox.next_for("ops")
        assert letter is not None
        store.outbox.dead(letter, "HTTP 410", NOW_MS, [])
        assert messages(store) == [("msg_a1_firing", "dead")]
        assert not controls_of(asked, store).look()
        asked.append(Wish(wish, "resend", "msg_a1_firing", NOW_MS, "ops"))
        assert controls_of(asked, store).look()
        assert messages(store) == [("msg_a1_firing", "pending")]


def test_silences_hold_while_the_warehouse_is_away_and_over_a_restart(asked: Asked, tmp_path: Path) -> None:
    """What was last known counts until it can be read again; one that was taken back is gone then."""
    silence = Silence(Stamp("s1", 2, 5), (Matcher("alert", "A"),), NOW_MS, NOW_MS + 60_000, "Ana", "deploy")
    asked.append(silence)
    store = AlertStore(tmp_path / "alerts.db")
    controls_of(asked, store).look()
    store.close()
    asked.is_away = True
    store = AlertStore(tmp_path / "alerts.db")
    controls_of(asked, store).look()
    assert store.controls.silences() == (silence,)
    begin_incident(store)
    assert messages(store) == []
    asked.is_away = False
    asked.controls.clear()
    controls_of(asked, store).look()
    Teller(store).tell(NOW_MS)
    assert messages(store) == [("msg_a1_firing", "pending")]
    store.close()


def test_what_another_alerter_told_is_not_told_again(store: AlertStore) -> None:
    """By receiver: whom it told hears of the end only, whom it did not tell hears of the start."""
    start = News("firing", "a1", "product/A", ("ops", "team", "boss"), TOLD, NOW_MS)
    state = {"product/A": Stored(RuleState(State.FIRING, NOW_MS, 3.0, "a1", NOW_MS), {})}
    for _ in range(2):
        store.adopt(state, [(start, {"ops": "told", "team": "open", "boss": "dropped"})])
        Teller(store).tell(NOW_MS)
    assert messages(store) == [("msg_a1_firing", "pending"), ("msg_a1_firing", "delivered")]
    end = News("resolved", "a1", "product/A", (), TOLD, NOW_MS + 1)
    store.record("product/A", Stored(RuleState(State.INACTIVE, NOW_MS), {}), [], end)
    Teller(store).tell(NOW_MS)
    found = store.database.read("SELECT receiver, webhook_id FROM messages WHERE type = 'alert.resolved' ORDER BY 1")
    assert found == [("ops", "msg_a1_resolved"), ("team", "msg_a1_resolved")]


def test_an_incident_that_another_alerter_may_have_told_is_told_also_when_it_is_over(store: AlertStore) -> None:
    """Its start was on its way when that alerter died: a copy is better than an end that never comes."""
    start = News("firing", "a1", "product/A", ("ops", "team"), TOLD, NOW_MS)
    end = News("resolved", "a1", "product/A", (), TOLD, NOW_MS + 1)
    fates: list[tuple[News, dict[str, Fate]]] = [(start, {"ops": "unknown", "team": "open"}), (end, {"ops": "unknown"})]
    store.adopt({}, fates)
    Teller(store).tell(NOW_MS + 2)
    found = store.database.read("SELECT receiver, webhook_id FROM messages ORDER BY seq")
    assert found == [("ops", "msg_a1_firing"), ("ops", "msg_a1_resolved")]
