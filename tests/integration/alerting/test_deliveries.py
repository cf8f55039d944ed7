"""Deliveries to many receivers: the dead beside the living, some that change, dead letters, no secret told.

Does not judge rules: messages are put into the outbox.
"""

import asyncio
import json
import logging
from dataclasses import replace

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from alert_messages import body, end, start

from alerting.deliveries import Deliveries
from alerting.outbox import Outgoing
from alerting.retries import RetryPolicy
from alerting.store import AlertStore
from alerting.telemetry import AlertTelemetry
from alerting.wished import trial
from northstream.clock import unix_ms
from schemas.alerts import (
    AlertmanagerReceiver,
    AppriseReceiver,
    EmailReceiver,
    PagerDutyReceiver,
    WebhookReceiver,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = RetryPolicy(timeout_seconds=0.3, first_seconds=0.02, longest_seconds=0.05)


def webhook(name, url):
    return WebhookReceiver(name, url, SECRET, allow_private=True)


class World:
    """A store and the deliveries from it, within the test's event loop."""

    def __init__(self, path):
        self.store = AlertStore(path)
        self.outbox = self.store.outbox

    def add(self, *messages):
        for message in messages:
            self.outbox.add(message)
        self.deliveries.notify()

    def status(self, receiver):
        return [each["status"] for each in reversed(self.outbox.messages()) if each["receiver"] == receiver]


@pytest.fixture
async def world(tmp_path, request):
    """Ended with the test."""
    world = World(tmp_path / "alerts.db")
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def live():
        async with asyncio.TaskGroup() as tasks:
            world.deliveries = Deliveries(
                tasks, world.outbox, unix_ms, getattr(request, "param", QUICK), AlertTelemetry()
            )
            begun.set()
            await ended.wait()
            world.deliveries.stop()

    living = asyncio.create_task(live())
    await begun.wait()
    yield world
    ended.set()
    await living
    world.store.close()


@pytest.fixture
def soon(until):
    """Waits for a condition while deliveries go on."""

    async def wait(condition):
        await asyncio.to_thread(until, condition)

    return wait


async def test_the_dead_of_every_kind_do_not_hold_up_the_living(world, answering, silent, soon):
    """All hang at once; a living receiver gets its start and its end meanwhile, and the dead are tried again."""
    living, hanging = answering(), [silent(False) for _ in range(5)]
    ports = [int(each.url.rpartition(":")[2].split("/")[0]) for each in hanging]
    dead = [
        webhook("hook", hanging[0].url),
        EmailReceiver("mail", "127.0.0.1", ports[1], "n@example.com", ("a@example.com",), "none", allow_private=True),
        AlertmanagerReceiver("am", (f"http://127.0.0.1:{ports[2]}",), allow_private=True),
        PagerDutyReceiver("pager", "key", hanging[3].url, allow_private=True),
        AppriseReceiver("chat", (f"json://127.0.0.1:{ports[4]}",), allow_private=True),
    ]
    world.deliveries.replace([*dead, webhook("living", living.url)])
    world.add(*(message for each in dead for message in (start("a", each.name), end("a", each.name))))
    world.add(start("a", "living"), end("a", "living"))
    await soon(lambda: len(living.arrivals) == 2)
    await soon(lambda: all(queue.last_failure for name, queue in world.outbox.queues().items() if name != "living"))
    assert [json.loads(each.body)["type"] for each in living.arrivals] == ["alert.firing", "alert.resolved"]
    shown = {each["name"]: (each["kind"], each["pending"], each["dead"]) for each in world.deliveries.shown()}
    assert shown == {
        "hook": ("webhook", 2, 0),
        "mail": ("email", 2, 0),
        "am": ("alertmanager", 2, 0),
        "pager": ("pagerduty", 2, 0),
        "chat": ("apprise", 2, 0),
        "living": ("webhook", 0, 0),
    }


async def test_a_receiver_that_changes_gets_what_is_on_its_way_once(world, answering, soon):
    """The old place has the message in hand; the new one gets what follows, in order."""
    new, taken, release = answering(), [], asyncio.Event()

    async def slow(reader, writer):
        taken.append(await reader.readuntil(b"\r\n\r\n"))
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    old = await asyncio.start_server(slow, "127.0.0.1", 0)
    world.deliveries.replace([webhook("ops", f"http://127.0.0.1:{old.sockets[0].getsockname()[1]}/")])
    world.add(start("a"), end("a"))
    await soon(lambda: taken)
    world.deliveries.replace([webhook("ops", new.url)])
    release.set()
    await soon(lambda: new.arrivals)
    old.close()
    assert len(taken) == 1
    assert [json.loads(each.body)["type"] for each in new.arrivals] == ["alert.resolved"]
    assert world.status("ops") == ["delivered", "delivered"]


async def test_messages_of_a_receiver_that_is_gone_wait_and_are_seen(world, answering, soon):
    """It is there again: they go out."""
    ops = answering()
    world.add(start("a"))
    world.deliveries.replace([])
    [gone] = world.deliveries.shown()
    assert (gone["name"], gone["kind"], gone["pending"]) == ("ops", "removed", 1)
    world.deliveries.replace([webhook("ops", ops.url)])
    await soon(lambda: ops.arrivals)
    assert world.deliveries.shown()[0]["kind"] == "webhook"


async def test_a_receiver_that_stays_the_same_is_not_disturbed(world, answering, soon):
    """However often the files are read anew, nothing is sent twice."""
    ops = answering()
    for _ in range(3):
        world.deliveries.replace([webhook("ops", ops.url), webhook("other", ops.url)])
        world.deliveries.replace([webhook("ops", ops.url)])
    world.add(start("a"), trial("ops", "w1", unix_ms(), "http://x"))
    await soon(lambda: world.status("ops") == ["delivered", "delivered"])
    assert [json.loads(each.body)["type"] for each in ops.arrivals] == ["alert.firing", "alert.test"]


async def test_a_dead_letter_that_is_sent_again_arrives_under_its_id(world, answering, soon):
    """The receiver is back."""
    ops = answering((410, {}), (200, {}))
    world.deliveries.replace([webhook("ops", ops.url)])
    world.add(start("a"))
    await soon(lambda: world.status("ops") == ["dead"])
    assert world.outbox.resend("msg_a_firing", "ops", unix_ms())
    world.deliveries.notify()
    await soon(lambda: world.status("ops") == ["delivered"])
    assert {each.headers["webhook-id"] for each in ops.arrivals} == {"msg_a_firing"}
    assert [row["status"] for _, row in world.store.log.rows()] == ["dead", "delivered"]


async def test_a_mistake_in_a_channel_is_a_failed_attempt(world, answering, soon, caplog):
    """A message that cannot be rendered is told of once, tried again and given up; others are delivered meanwhile."""
    living, hopeless = answering(), PagerDutyReceiver("pager", "key", answering().url, allow_private=True)
    world.deliveries.replace([hopeless, webhook("ops", living.url)])
    told = {"alert_id": "a", "alert": "t0ken"}
    world.add(Outgoing("msg_a_firing", "pager", body("alert.firing", told), unix_ms()), start("a"))
    await soon(lambda: world.outbox.messages()[-1]["attempts"] > 1 and living.arrivals)
    assert world.outbox.queues()["pager"].last_failure == "internal error: KeyError"
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "KeyError" in record.getMessage()
    assert "pagerduty.py" in record.getMessage()
    assert "t0ken" not in record.getMessage()


@pytest.mark.parametrize("world", [replace(QUICK, timeout_seconds=10.0)], indirect=True)
async def test_no_secret_is_told_whatever_fails(world, answering, soon, caplog, tmp_path):
    """Neither in logs, nor in what is shown, nor in the file, nor where a receiver or a failure is printed."""
    caplog.set_level(logging.DEBUG)
    broken = answering((500, {}))
    refuse = {"authenticator": lambda *_: AuthResult(success=False, handled=False), "auth_require_tls": False}
    refusing = await asyncio.get_running_loop().create_server(lambda: SMTP(object(), **refuse), "127.0.0.1", 0)
    mail_port = refusing.sockets[0].getsockname()[1]
    key = "R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00"
    secrets = ["hunter2", "t0ken", key, "MfKQ9r8GKYqr"]
    receivers = [
        WebhookReceiver("hook", f"{broken.url}?t0ken=1", SECRET, allow_private=True),
        WebhookReceiver("userinfo", "http://me:hunter2@127.0.0.1:99999999/t0ken", SECRET, allow_private=True),
        EmailReceiver(
            "mail", "127.0.0.1", mail_port, "n@x.io", ("a@x.io",), "none", "ana", "hunter2", allow_private=True
        ),
        AppriseReceiver("chat", (f"json://me:hunter2@127.0.0.1:{broken.port}/t0ken",), allow_private=True),
        AppriseReceiver("unknown", ("nosuchservice://me:hunter2@host/t0ken",), allow_private=True),
        AlertmanagerReceiver("am", ("http://me:hunter2@127.0.0.1:1/t0ken",), allow_private=True),
        PagerDutyReceiver("pager", key, f"{broken.url}?t0ken=1", allow_private=True),
    ]
    world.deliveries.replace(receivers)
    world.add(*(start("a", each.name) for each in receivers))
    await soon(lambda: sum(bool(queue.last_failure) for queue in world.outbox.queues().values()) == len(receivers))
    refusing.close()
    failures = {name: queue.last_failure for name, queue in world.outbox.queues().items()}
    assert failures["mail"] == "the server refuses the user or the password"
    assert failures["unknown"] == "Apprise does not know such a URL"
    assert failures["am"] == "credentials in the URL are refused"
    told = [caplog.text, repr(receivers), json.dumps(world.deliveries.shown()), json.dumps(world.outbox.messages())]
    told += [str(world.store.log.rows()), repr(world.deliveries)]
    told += [file.read_bytes().decode("latin-1") for file in tmp_path.iterdir()]
    assert [secret for secret in secrets for text in told if secret in text] == []
