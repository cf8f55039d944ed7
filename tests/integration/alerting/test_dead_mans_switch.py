"""The dead man's switch against real receivers: signs come while rules are judged, and stop when they are not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from alerting.heartbeat import Heartbeat
from northstream.clock import unix_ms
from schemas.alerts import AlertDefinitions, AlertmanagerReceiver, DeadMansSwitch, Receiver, WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOARDS = "http://127.0.0.1:8000"
EVERY = 0.05


def to(receiver: Receiver) -> AlertDefinitions:
    """Only a dead man's switch."""
    return AlertDefinitions(receivers=(receiver,), dead_mans_switch=DeadMansSwitch(receiver.name, EVERY))


def hook(url: str, name: str = "outside") -> WebhookReceiver:
    return WebhookReceiver(name, url, SECRET, allow_private=True)


@asynccontextmanager
async def beating(definitions: AlertDefinitions, judged_ms: Callable[[], int | None] = unix_ms) -> AsyncIterator[Any]:
    """A heartbeat that runs within the block."""
    heartbeat = Heartbeat(definitions, unix_ms, judged_ms, BOARDS)
    running = asyncio.create_task(heartbeat.run())
    try:
        yield heartbeat
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


Wait = Callable[[Callable[[], bool]], None]


async def test_a_webhook_is_told_again_and_again_each_time_signed_and_anew(answering: Any, until: Wait) -> None:
    """By an id and a time of its own: no sign can be taken for an older one."""
    receiver = answering((204, {}))
    async with beating(to(hook(receiver.url))) as heartbeat:
        await asyncio.to_thread(until, lambda: len(receiver.arrivals) >= 3)
        assert heartbeat.shown()["last_failure"] == ""
    for arrival in receiver.arrivals:
        message = Webhook(SECRET).verify(arrival.body, arrival.headers)
        assert (message["type"], message["data"]["url"]) == ("alerter.alive", BOARDS)
    assert len({arrival.headers["webhook-id"] for arrival in receiver.arrivals}) == len(receiver.arrivals)


async def test_every_alertmanager_always_has_an_alert_that_ends_by_itself(answering: Any, until: Wait) -> None:
    """It fires as long as it is renewed, and ends three intervals after the last sign."""
    members = [answering((200, {})), answering((200, {}))]
    urls = tuple(f"http://127.0.0.1:{member.port}" for member in members)
    async with beating(to(AlertmanagerReceiver("am", urls, allow_private=True))):
        await asyncio.to_thread(until, lambda: all(len(member.arrivals) >= 2 for member in members))
    for member in members:
        assert member.arrivals[0].path == "/api/v2/alerts"
        first, second = (json.loads(arrival.body)[0] for arrival in member.arrivals[:2])
        assert first["labels"]["alertname"] == "NorthStreamWatchdog"
        assert (first["labels"], first["startsAt"]) == (second["labels"], second["startsAt"])
        assert datetime.fromisoformat(first["startsAt"]) < datetime.fromisoformat(first["endsAt"])
        assert first["endsAt"] < second["endsAt"]


async def test_nothing_is_said_while_rules_are_not_judged(answering: Any, until: Wait) -> None:
    """A judge that hangs is as good as dead: the last pass is old, and the receiver's silence says so."""
    receiver = answering((204, {}))
    passes: list[int | None] = [unix_ms()]
    async with beating(to(hook(receiver.url)), lambda: passes[-1]) as heartbeat:
        await asyncio.to_thread(until, lambda: len(receiver.arrivals) >= 2)
        passes.append(unix_ms() - 31_000)
        await asyncio.to_thread(until, lambda: not heartbeat.is_judging)
        heard = len(receiver.arrivals)
        await asyncio.sleep(6 * EVERY)
        assert len(receiver.arrivals) <= heard + 1
        passes.append(unix_ms())
        await asyncio.to_thread(until, lambda: len(receiver.arrivals) > heard + 1)


@pytest.mark.parametrize("passed", [None, 0])
async def test_nothing_is_said_before_the_first_pass(answering: Any, passed: int | None) -> None:
    """Nobody knows yet whether rules can be judged at all."""
    receiver = answering((204, {}))
    async with beating(to(hook(receiver.url)), lambda: passed):
        await asyncio.sleep(4 * EVERY)
    assert receiver.arrivals == []


async def test_signs_do_not_pile_up_at_a_receiver_that_hangs(silent: Any, until: Wait) -> None:
    """One is under way at a time, and ends with its interval; the next is a new one."""
    receiver = silent(closes=False)
    async with beating(to(hook(receiver.url))) as heartbeat:
        await asyncio.to_thread(until, lambda: receiver.count >= 3)
        assert "no answer" in heartbeat.shown()["last_failure"]
        assert heartbeat.shown()["last_delivered_at"] is None
        open_ones = [each for each in receiver.accepted if _is_open(each)]
        assert len(open_ones) <= 1


async def test_other_definitions_are_followed_at_once(answering: Any, until: Wait) -> None:
    """Another receiver hears the next sign; without a switch nobody does."""
    old, new = answering((204, {})), answering((204, {}))
    slow = AlertDefinitions(receivers=(hook(old.url),), dead_mans_switch=DeadMansSwitch("outside", 3600.0))
    async with beating(slow) as heartbeat:
        await asyncio.to_thread(until, lambda: len(old.arrivals) == 1)
        heartbeat.replace(to(hook(new.url)))
        await asyncio.to_thread(until, lambda: len(new.arrivals) >= 2)
        heartbeat.replace(AlertDefinitions())
        assert heartbeat.shown() is None
        heard = len(new.arrivals)
        await asyncio.sleep(4 * EVERY)
        assert len(new.arrivals) <= heard + 1
    assert len(old.arrivals) == 1


def _is_open(connection: Any) -> bool:
    """Whether the other side still waits."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
