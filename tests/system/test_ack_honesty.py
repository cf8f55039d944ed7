"""What got a 200 is kept, once, and every number is right, whatever dies whenever (contracts §1, §3).

Does not look inside: messages go in over HTTP, SQL tells what came of them.
"""

import time
from pathlib import Path
from random import Random

import pytest
from system.running import NorthStream
from system.sending import stop_all
from system.verifying import seed, started_senders, verify

VICTIMS = ("all", "collector", "engine", "supervisor")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
def test_what_was_answered_200_survives_kill_9_of_anything(tmp_path: Path, kills: int) -> None:
    """Acknowledged means kept: stored exactly once, and counted, through `kill -9` of any process at any moment."""
    chosen = seed()
    random = Random(chosen)
    with NorthStream(tmp_path) as running, started_senders(running, chosen) as senders:
        for turn in range(kills):
            time.sleep(random.uniform(0.2, 3.0))
            victim = VICTIMS[turn % len(VICTIMS)] if turn < len(VICTIMS) else random.choice(VICTIMS)
            running.kill(victim)
            print(f"killed {victim} after {sum(len(sender.journal.kept) for sender in senders)} kept messages")
            if not running.is_running():
                running.start()
        running.wait_until_ready()
        journals = stop_all(senders)
        running.settle()
        verify(running, journals)
