"""What waits in the outbox goes out although the clock was set back by a day.

Does not open connections: the channel notes what it is given. Rules and such a clock: see test_alert_lives.py.
"""

import asyncio
from collections.abc import Sequence

import pytest
from alert_messages import NOW_MS, start

from alerting.channels.channel import Delivered, Outcome, Retry
from alerting.deliver import Deliverer
from alerting.outbox import Waiting
from alerting.retries import RetryPolicy
from alerting.store import AlertStore
from alerting.telemetry import AlertTelemetry

DAY_MS = 86_400_000


class Taking:
    """Answers in turn; the deliverer ends with the last."""

    def __init__(self, answers: Sequence[Outcome]) -> None:
        self.answers = list(answers)
        self.deliverer: Deliverer | None = None

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        answer = self.answers.pop(0)
        if not self.answers and self.deliverer is not None:
            self.deliverer.end()
        return answer

    async def keep_alive(self) -> None:
        return None


@pytest.mark.parametrize("failures", [0, 1], ids=["never tried", "to be tried again"])
async def test_a_message_goes_out_though_it_is_due_tomorrow(store: AlertStore, failures: int) -> None:
    """It was due when the clock was ahead: nobody shall wait until it says so again."""
    store.outbox.add(start("a1", at_ms=NOW_MS + DAY_MS))
    message = store.outbox.next_for("ops")
    assert message is not None
    if failures:
        store.outbox.failed(message, "refused", message.created_ms, message.due_ms + 1_000, frozenset())
    channel = Taking([Delivered()])
    channel.deliverer = Deliverer("ops", channel, store.outbox, lambda: NOW_MS, RetryPolicy(), AlertTelemetry())
    async with asyncio.timeout(10):
        await channel.deliverer.run()
    assert [each["status"] for each in store.outbox.messages()] == ["delivered"]


async def test_a_wait_that_is_short_enough_to_be_meant_is_kept(store: AlertStore) -> None:
    """As long as a receiver may ask for, an hour."""
    store.outbox.add(start("a1"))
    channel = Taking([Retry("busy", after_seconds=3_600.0)])
    channel.deliverer = Deliverer("ops", channel, store.outbox, lambda: NOW_MS, RetryPolicy(), AlertTelemetry())
    async with asyncio.timeout(10):
        await channel.deliverer.run()
    again = Taking([Delivered()])
    again.deliverer = Deliverer("ops", again, store.outbox, lambda: NOW_MS, RetryPolicy(), AlertTelemetry())
    trying = asyncio.create_task(again.deliverer.run())
    await asyncio.sleep(0.05)
    again.deliverer.end()
    await trying
    assert len(again.answers) == 1
