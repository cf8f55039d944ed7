"""The outbox: order within an incident, ids that are unique for a receiver, dead letters, what is still open."""

import sqlite3

import alert_messages
import pytest
from alert_messages import group

from alerting import payload
from alerting.log_queue import append_log
from alerting.said import said
from alerting.store import AlertStore
from alerting.wished import trial


def start(alert_id, receiver="ops", at_ms=1_000):
    return alert_messages.start(alert_id, receiver, at_ms)


def end(alert_id, receiver="ops", at_ms=2_000):
    return alert_messages.end(alert_id, receiver, at_ms)


@pytest.fixture
def outbox(store):
    return store.outbox


def take(outbox, receiver="ops"):
    """Deliver everything in the order in which it comes; the ids."""
    taken = []
    while (waiting := outbox.next_for(receiver)) is not None:
        outbox.delivered(waiting, 5_000, [])
        taken.append(waiting.webhook_id)
    return taken


def test_a_message_is_owed_once_to_each_receiver(outbox):
    """The same id may go to two receivers; a second time to one of them changes nothing, not even after delivery."""
    for message in (start("a"), start("a", "chat"), start("a")):
        outbox.add(message)
    assert (take(outbox), take(outbox, "chat")) == (["msg_a_firing"], ["msg_a_firing"])
    outbox.add(start("a"))
    assert outbox.counts() == {"delivered": 2}


def test_what_no_text_can_hold_does_not_stop_the_telling(store):
    """Files are not taken with half a character in them; what an earlier release kept is told all the same."""
    told = {"alert_id": "a", "alert": "A", "annotations": {"summary": "Ship it \ud83d"}}
    [said_of] = said(payload.body("alert.firing", told, 1_000))
    assert said_of.data["annotations"] == {"summary": "Ship it ?"}
    with store.database.transaction() as connection:
        append_log(connection, [{"at_ms": 1, "kind": "notice", "owner": "\ud83d", "detail": "\U0001f680 été"}])
    assert store.log.rows() == [(1, {"at_ms": 1, "kind": "notice", "owner": "?", "detail": "\U0001f680 été"})]


def test_an_end_waits_for_its_start_and_others_pass(outbox):
    """The start failed and is due later: its end waits, the message of another incident does not."""
    for message in (start("a"), end("a"), start("b")):
        outbox.add(message)
    outbox.failed(outbox.next_for("ops"), "HTTP 500", 2_000, 9_000, frozenset())
    waiting = outbox.next_for("ops")
    assert waiting.webhook_id == "msg_b_firing"
    outbox.delivered(waiting, 3_000, [])
    assert outbox.next_for("ops").webhook_id == "msg_a_firing"


def test_order_holds_through_messages_about_several_incidents(outbox):
    """A group message waits for what is owed about any of its incidents, and what follows waits for the group."""
    for message in (start("a"), group(end("a"), start("b"), at_ms=1_500), end("b")):
        outbox.add(message)
    outbox.failed(outbox.next_for("ops"), "HTTP 500", 2_000, 9_000, frozenset())
    assert outbox.next_for("ops").webhook_id == "msg_a_firing"
    assert take(outbox) == ["msg_a_firing", "msg_group_1", "msg_b_resolved"]


def test_what_was_taken_by_a_part_of_the_receiver_is_remembered(outbox):
    """So that only the rest is tried again."""
    outbox.add(start("a"))
    outbox.failed(outbox.next_for("ops"), "1 of 2", 2_000, 2_000, frozenset({"0a1b2c3d"}))
    waiting = outbox.next_for("ops")
    assert (waiting.done, waiting.attempts) == (frozenset({"0a1b2c3d"}), 1)


def test_a_dead_letter_goes_again_with_the_end_behind_it(outbox):
    """Its patience begins anew, and the receiver's last word about the incident is its end, as it was."""
    outbox.add(start("a"))
    outbox.dead(outbox.next_for("ops"), "HTTP 410", 2_000, [])
    outbox.add(end("a"))
    assert take(outbox) == ["msg_a_resolved"]
    assert outbox.resend("msg_a_firing", "ops", 90_000)
    again = outbox.next_for("ops")
    assert (again.webhook_id, again.since_ms, again.done) == ("msg_a_firing", 90_000, frozenset())
    assert take(outbox) == ["msg_a_firing", "msg_a_resolved"]


def test_an_end_that_was_on_its_way_follows_the_letter_that_is_sent_again(outbox):
    """Somebody asks for the start while the end is being delivered: its last word is the end all the same."""
    outbox.add(start("a"))
    outbox.dead(outbox.next_for("ops"), "HTTP 500", 2_000, [])
    outbox.add(end("a"))
    on_its_way = outbox.next_for("ops")
    assert outbox.resend("msg_a_firing", "ops", 90_000)
    outbox.delivered(on_its_way, 90_001, [])
    assert take(outbox) == ["msg_a_firing", "msg_a_resolved"]


def test_only_dead_letters_can_be_sent_again(outbox):
    """Neither what waits, nor what was delivered, nor what another receiver gave up."""
    outbox.add(start("a"))
    assert not outbox.resend("msg_a_firing", "ops", 3_000)
    outbox.dead(outbox.next_for("ops"), "HTTP 410", 2_000, [])
    assert not outbox.resend("msg_a_firing", "chat", 3_000)
    assert not outbox.resend("msg_b_firing", "ops", 3_000)


def test_what_stands_open_is_what_was_told_last(outbox):
    """A start that was delivered stands until an end is owed; an end stands for a while after its delivery."""
    for message in (start("a"), group(start("b"), start("c"), at_ms=1_500)):
        outbox.add(message)
    outbox.add(start("late", at_ms=1_900))
    take(outbox)
    outbox.add(start("pending"))
    assert {each.alert_id for each in outbox.standing("ops", 0)} == {"a", "b", "c", "late"}
    outbox.add(end("a"))
    assert {each.alert_id for each in outbox.standing("ops", 0)} == {"b", "c", "late"}
    take(outbox)
    ended = {each.alert_id: each.kind for each in outbox.standing("ops", 5_000)}
    assert ended["a"] == "alert.resolved"
    assert "a" not in {each.alert_id for each in outbox.standing("ops", 5_001)}
    assert outbox.standing("chat", 0) == []


def test_old_messages_go_but_not_of_open_incidents_and_no_dead_letters(outbox):
    """What is open must stay known, however old."""
    for message in (start("open"), start("over"), end("over"), start("dead", "gone")):
        outbox.add(message)
    take(outbox)
    outbox.dead(outbox.next_for("gone"), "HTTP 410", 5_000, [])
    outbox.prune(9_000)
    assert {each["webhook_id"] for each in outbox.messages()} == {"msg_open_firing", "msg_dead_firing"}


def test_receivers_tell_what_waits_and_why(outbox):
    """Counts, the last delivery and the last failure; a test message belongs to no incident."""
    outbox.add(start("a"))
    outbox.delivered(outbox.next_for("ops"), 4_000, [])
    outbox.add(trial("ops", "w1", 5_000, "http://x/"))
    outbox.failed(outbox.next_for("ops"), "HTTP 503", 6_000, 7_000, frozenset())
    queue = outbox.queues()["ops"]
    assert (queue.pending, queue.dead, queue.last_delivered_ms, queue.last_failure) == (1, 0, 4_000, "HTTP 503")
    newest = outbox.messages()[0]
    assert (newest["type"], newest["alert"], newest["status"], newest["attempts"]) == (
        "alert.test",
        "NorthStreamTest",
        "pending",
        1,
    )
    assert outbox.standing("ops", 0)[0].alert_id == "a"


def test_all_dead_letters_are_shown_besides_the_newest(outbox):
    """Else nobody could send them again."""
    outbox.add(start("old"))
    outbox.dead(outbox.next_for("ops"), "HTTP 410", 2_000, [])
    for number in range(201):
        outbox.add(start(f"n{number}"))
    shown = outbox.messages()
    assert len(shown) == 201
    assert shown[-1]["webhook_id"] == "msg_old_firing"


def test_what_another_file_has_told_is_not_told_again(outbox, store):
    """After a change of owner: it stands, and nobody hears of it a second time."""
    with store.database.transaction() as connection:
        outbox.put_settled(connection, [start("a")], "delivered", 3_000)
    outbox.add(start("a"))
    assert outbox.next_for("ops") is None
    assert [each.alert_id for each in outbox.standing("ops", 0)] == ["a"]


def test_a_file_of_the_first_version_keeps_what_it_owes(tmp_path):
    """Pending messages stay pending under their ids and in order, dead letters stay dead."""
    path = tmp_path / "alerts.db"
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL UNIQUE, receiver TEXT,"
        " alert_id TEXT, body BLOB, created_ms INTEGER, due_ms INTEGER, attempts INTEGER DEFAULT 0,"
        " status TEXT DEFAULT 'pending', detail TEXT DEFAULT '');"
    )
    for number, (message, status) in enumerate([(start("a"), "pending"), (end("a"), "pending"), (start("b"), "dead")]):
        old.execute(
            "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, 3, ?, 'HTTP 500')",
            (number + 1, message.webhook_id, "ops", "x", message.body, message.created_ms, 1_000 - number, status),
        )
    old.commit()
    old.close()
    store = AlertStore(path)
    assert take(store.outbox) == ["msg_a_firing", "msg_a_resolved"]
    assert store.outbox.counts() == {"delivered": 2, "dead": 1}
    store.close()
