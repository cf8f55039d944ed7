"""Processes that are stopped for a while or asked to end, under load (contracts §4, §5).

Does not kill: see `test_ack_honesty`.
"""

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from system.faces import wait_until
from system.running import NorthStream, send_signal
from system.sending import Sender, stop_all
from system.verifying import seed, started_senders, verify

FROZEN_SECONDS = 10.0


@pytest.mark.timeout(900)
def test_intake_goes_on_while_the_engine_is_frozen(tmp_path: Path) -> None:
    """Sending is never held up by the engine; frozen and woken, it goes on where it was and every number is right."""
    with NorthStream(tmp_path) as running, started_senders(running, seed()) as senders:
        wait_until(lambda: kept(senders) > 300, "300 messages kept")
        engine = running.child("engine")
        send_signal(engine, signal.SIGSTOP)
        began_with = kept(senders)
        time.sleep(FROZEN_SECONDS)
        wait_until(lambda: kept(senders) > began_with + 300, "300 more kept while the engine is frozen")
        print(f"kept {kept(senders) - began_with} messages while the engine was frozen")
        send_signal(engine, signal.SIGCONT)
        journals = stop_all(senders)
        assert {status for journal in journals for status in journal.answers} == {200}
        running.settle()
        assert running.child("engine") == engine
        verify(running, journals)


@pytest.mark.timeout(900)
def test_sigterm_under_load_ends_with_0_and_keeps_everything(tmp_path: Path) -> None:
    """SIGTERM drains: requests begun are answered, what was answered is there after the next start."""
    with NorthStream(tmp_path) as running, started_senders(running, seed()) as senders:
        wait_until(lambda: kept(senders) > 300, "300 messages kept")
        code = running.terminate()
        print(f"ended with {code} after {kept(senders)} kept messages")
        assert code == 0
        running.start()
        journals = stop_all(senders)
        running.settle()
        verify(running, journals)


def kept(senders: Sequence[Sender]) -> int:
    return sum(len(sender.journal.kept) for sender in senders)
